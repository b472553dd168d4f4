/* SPDX-License-Identifier: Apache-2.0 */
/* What strings and tables of keys look like, version by version. */
#include "pylook.h"

#include <string.h>

#define STR_STATE     32u
#define STR_COMPACT   (1u << 5)
#define STR_ASCII     (1u << 6)
#define STR_KIND(s)   ((s) >> 2 & 7)
#define STR_MAX	      (1u << 20)
#define IS_STR	      (UINT64_C(1) << 28) /* of tp_flags */
#define KEYS_MAX      (UINT64_C(1) << 32)
#define KEYS_LOG2_MAX 40u
#define SEARCHED_MAX  4096u
#define KIND_GENERAL  0u
#define KIND_SPLIT    2u

static bool add_char(uint32_t c, char *to, size_t room, size_t *fill)
{
	char bytes[4];
	size_t count = 0;

	if (c >= 0xd800 && c < 0xe000)
		c = 0xfffd;
	if (c < 0x80) {
		bytes[count++] = (char)c;
	} else if (c < 0x800) {
		bytes[count++] = (char)(0xc0 | c >> 6);
		bytes[count++] = (char)(0x80 | (c & 63));
	} else if (c < 0x10000) {
		bytes[count++] = (char)(0xe0 | c >> 12);
		bytes[count++] = (char)(0x80 | (c >> 6 & 63));
		bytes[count++] = (char)(0x80 | (c & 63));
	} else {
		bytes[count++] = (char)(0xf0 | (c >> 18 & 7));
		bytes[count++] = (char)(0x80 | (c >> 12 & 63));
		bytes[count++] = (char)(0x80 | (c >> 6 & 63));
		bytes[count++] = (char)(0x80 | (c & 63));
	}
	if (*fill + count >= room)
		return false;
	memcpy(to + *fill, bytes, count);
	*fill += count;
	return true;
}

bool pylook_str(const struct pylook *look, uint64_t object, char *to, size_t room)
{
	uint64_t type = object ? peek_word(look->peek, object + PYLOOK_TYPE) : 0;
	uint64_t length = type ? peek_word(look->peek, object + PYLOOK_SIZE) : 0;
	uint32_t state = type ? (uint32_t)peek_word(look->peek, object + STR_STATE) : 0;
	uint32_t kind = STR_KIND(state);
	size_t fill = 0;
	uint64_t data;

	to[0] = '\0';
	if (!type || !(peek_word(look->peek, type + PYLOOK_TYPE_FLAGS) & IS_STR) ||
	    !(state & STR_COMPACT) || length > STR_MAX)
		return false;
	data = object + (state & STR_ASCII ? 40 : 56);
	if (look->minor < 12)
		data += state & STR_ASCII ? 8 : 16;
	for (uint64_t i = 0; i < length; i++) {
		uint32_t c = 0;

		if ((kind != 1 && kind != 2 && kind != 4) ||
		    !peek_bytes(look->peek, data + i * kind, &c, kind))
			return false;
		if (!add_char(c, to, room, &fill))
			break;
	}
	to[fill] = '\0';
	return true;
}

static bool keys_310(const struct pylook *look, uint64_t addr, struct pylook_keys *keys)
{
	uint64_t size = peek_word(look->peek, addr + 8);
	uint32_t index = size <= 0xff ? 1 : size <= 0xffff ? 2 : size <= UINT32_MAX ? 4 : 8;

	if (!size || size > KEYS_MAX || size & (size - 1))
		return false;
	*keys = (struct pylook_keys){ .entries = addr + 40 + size * index,
				      .each = 24,
				      .count = peek_word(look->peek, addr + 32) };
	return keys->count <= size;
}

bool pylook_keys(const struct pylook *look, uint64_t addr, struct pylook_keys *ret_keys)
{
	uint8_t head[16];

	if (!addr || addr & 7)
		return false;
	if (look->minor < 11)
		return keys_310(look, addr, ret_keys);
	if (!peek_bytes(look->peek, addr, head, sizeof(head)) || head[8] > KEYS_LOG2_MAX ||
	    head[9] > KEYS_LOG2_MAX + 3 || head[10] > KIND_SPLIT)
		return false;
	*ret_keys = (struct pylook_keys){ .entries = addr + 32 + (UINT64_C(1) << head[9]),
					  .each = head[10] == KIND_GENERAL ? 24 : 16,
					  .count = peek_word(look->peek, addr + 24),
					  .split = head[10] == KIND_SPLIT };
	return ret_keys->count <= UINT64_C(1) << head[8];
}

uint64_t pylook_key(const struct pylook *look, const struct pylook_keys *keys, uint64_t index)
{
	if (index >= keys->count)
		return 0;
	return peek_word(look->peek, keys->entries + index * keys->each + keys->each - 16);
}

uint64_t pylook_find(const struct pylook *look, uint64_t dict, const char *name)
{
	struct pylook_keys keys;
	char text[64];

	if (!dict || peek_word(look->peek, dict + PYLOOK_DICT_VALUES) ||
	    !pylook_keys(look, peek_word(look->peek, dict + PYLOOK_DICT_KEYS), &keys))
		return 0;
	for (uint64_t i = 0; i < keys.count && i < SEARCHED_MAX; i++) {
		if (pylook_str(look, pylook_key(look, &keys, i), text, sizeof(text)) &&
		    strcmp(text, name) == 0)
			return peek_word(look->peek, keys.entries + i * keys.each + keys.each - 8);
	}
	return 0;
}
