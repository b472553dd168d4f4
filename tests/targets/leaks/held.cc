/* SPDX-License-Identifier: Apache-2.0 */
/* A small shop whose memory is held in ways that can be told. */
#include <memory>

#include "shapes.h"

#define ITEMS 1000

namespace shop
{

struct Item {
	Item *next = nullptr;
	char *name = nullptr;
};

struct Shelf {
	virtual ~Shelf() = default;
	Item *first = nullptr;
};

struct Order {
	std::shared_ptr<Order> previous;
	char *text = nullptr;
};

static Shelf *shelves[4];

attr_site static Item *add_item(Item *before)
{
	auto *item = new Item;

	item->name = static_cast<char *>(make(100));
	item->next = before;
	return item;
}

attr_site static Shelf *add_shelf()
{
	auto *shelf = new Shelf;

	for (int i = 0; i < ITEMS; i++)
		shelf->first = add_item(shelf->first);
	return shelf;
}

/* Two orders that keep each other. */
attr_site static void lose_orders()
{
	auto a = std::make_shared<Order>(), b = std::make_shared<Order>();

	a->previous = b;
	b->previous = a;
	a->text = static_cast<char *>(make(5000));
}

} // namespace shop

int main()
{
	shop::shelves[2] = shop::add_shelf();
	shop::lose_orders();
	return 0;
}
