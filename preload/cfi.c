/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Call frame information: the binary search table of .eh_frame_hdr, the
 * entries of .eh_frame, and the machine that runs their instructions.
 */
#include "cfi.h"

#include <errno.h>

#include "leb.h"
#include "segment.h"

enum {
	PTR_OMIT = 0xff,
	PTR_FORMAT = 0x0f,
	PTR_APPLY = 0x70,
	PTR_INDIRECT = 0x80,
};

enum {
	REMEMBER_MAX = 6, /* rows kept by DW_CFA_remember_state; compilers nest one or two */
	OPS_MAX = 20000,  /* instructions run for one row */
};

/**
 * struct entry - one function's entry with what its CIE says
 * @start:  first address it covers
 * @bytes:  length of what it covers
 * @cie:    instructions of the CIE
 * @fde:    its own instructions
 */
struct entry {
	uintptr_t start;
	uintptr_t bytes;
	struct leb_in cie;
	struct leb_in fde;
	uint64_t code_align;
	int64_t data_align;
	uint32_t ra;
	uint8_t pointer; /* encoding of addresses */
	bool augmented;	 /* the FDE has an augmentation length */
	bool signal;
};

/**
 * struct machine - the state of the instructions
 * @at:    the address that the current row begins at
 * @pc:    the address whose row is wanted
 * @kept:  stack of DW_CFA_remember_state
 * @first: registers as the CIE left them
 */
struct machine {
	const struct entry *entry;
	struct cfi_row *row;
	uintptr_t at;
	uintptr_t pc;
	uint32_t kept_count;
	struct {
		struct cfi_reg reg[ARCH_REGS];
		struct cfi_reg cfa;
		uint32_t cfa_reg;
	} kept[REMEMBER_MAX];
	struct cfi_reg first[ARCH_REGS];
};

/* An encoded pointer; @data is what DW_EH_PE_datarel is relative to. */
static uintptr_t pointer(struct leb_in *in, uint8_t encoding, const uint8_t *data)
{
	const uint8_t *at = in->at;
	uint64_t value;

	switch (encoding & PTR_FORMAT) {
	case 0x00: /* absptr */
	case 0x04: /* udata8 */
	case 0x0c: /* sdata8 */
		value = leb_fixed(in, 8);
		break;
	case 0x01:
		value = leb_unsigned(in);
		break;
	case 0x02:
		value = leb_fixed(in, 2);
		break;
	case 0x03:
		value = leb_fixed(in, 4);
		break;
	case 0x09:
		value = (uint64_t)leb_signed(in);
		break;
	case 0x0a:
		value = (uint64_t)(int64_t)(int16_t)leb_fixed(in, 2);
		break;
	case 0x0b:
		value = (uint64_t)(int64_t)(int32_t)leb_fixed(in, 4);
		break;
	default:
		in->bad = true;
		return 0;
	}

	switch (encoding & PTR_APPLY) {
	case 0x00:
		break;
	case 0x10: /* pcrel */
		value += (uintptr_t)at;
		break;
	case 0x30: /* datarel */
		value += (uintptr_t)data;
		break;
	default:
		in->bad = true;
		break;
	}
	return (uintptr_t)value;
}

static bool cie_augmentation(struct leb_in *in, const char *letters, struct entry *entry)
{
	for (const char *p = letters; *p; p++) {
		switch (*p) {
		case 'z':
			(void)leb_unsigned(in);
			entry->augmented = true;
			break;
		case 'R':
			entry->pointer = (uint8_t)leb_fixed(in, 1);
			break;
		case 'P': /* personality: only its length matters */
			(void)pointer(in, (uint8_t)leb_fixed(in, 1) & PTR_FORMAT, NULL);
			break;
		case 'L':
			(void)leb_fixed(in, 1);
			break;
		case 'S':
			entry->signal = true;
			break;
		case 'B': /* aarch64: the B key signs return addresses */
		case 'G':
			break;
		default:
			return false;
		}
	}
	return true;
}

/*
 * Reads the length of an entry; bounds @in to it.  Returns false at the
 * terminator and for what is not an entry.
 */
static bool entry_open(struct leb_in *in, const uint8_t **ret_id)
{
	uint64_t bytes = leb_fixed(in, 4);

	if (bytes == 0xffffffffu)
		bytes = leb_fixed(in, 8);
	if (in->bad || bytes < 4 || bytes > (uint64_t)(in->end - in->at))
		return false;

	in->end = in->at + bytes;
	*ret_id = in->at;
	return true;
}

static bool cie_read(const uint8_t *at, const struct segment *segment, struct entry *entry)
{
	struct leb_in in = { .at = at, .end = segment->end };
	const uint8_t *id;
	const char *letters;
	uint8_t version;

	if (at < segment->start || at >= segment->end || !entry_open(&in, &id))
		return false;
	if (leb_fixed(&in, 4) != 0)
		return false;

	version = (uint8_t)leb_fixed(&in, 1);
	if (version != 1 && version != 3 && version != 4)
		return false;
	letters = (const char *)in.at;
	while (leb_fixed(&in, 1))
		;
	if (version == 4)
		leb_skip(&in, 2);
	entry->code_align = leb_unsigned(&in);
	entry->data_align = leb_signed(&in);
	entry->ra = version == 1 ? (uint32_t)leb_fixed(&in, 1) : (uint32_t)leb_unsigned(&in);
	entry->pointer = 0;
	entry->augmented = false;
	entry->signal = false;
	if (in.bad)
		return false;

	if (letters[0] == 'z') {
		struct leb_in data = in;
		uint64_t bytes;

		if (!cie_augmentation(&data, letters, entry) || data.bad)
			return false;
		bytes = leb_unsigned(&in);
		leb_skip(&in, bytes);
	} else if (letters[0]) {
		return false;
	}
	entry->cie = in;
	return !in.bad;
}

static bool fde_read(const uint8_t *at, const struct segment *segment, struct entry *entry)
{
	struct leb_in in = { .at = at, .end = segment->end };
	const uint8_t *id;
	uint64_t back;

	if (at < segment->start || at >= segment->end || !entry_open(&in, &id))
		return false;
	back = leb_fixed(&in, 4);
	if (back == 0 || back > (uint64_t)(id - segment->start))
		return false;
	if (!cie_read(id - back, segment, entry))
		return false;

	entry->start = pointer(&in, entry->pointer, NULL);
	entry->bytes = pointer(&in, entry->pointer & PTR_FORMAT, NULL);
	if (entry->augmented) {
		uint64_t bytes = leb_unsigned(&in);

		leb_skip(&in, bytes);
	}
	entry->fde = in;
	return !in.bad;
}

/* Without a table: every entry from the section's start on. */
static int entry_scan(const uint8_t *at, const struct segment *segment, uintptr_t pc,
		      struct entry *entry)
{
	while (at < segment->end) {
		struct leb_in in = { .at = at, .end = segment->end };
		const uint8_t *id;

		if (!entry_open(&in, &id))
			break;
		if (fde_read(at, segment, entry) && pc - entry->start < entry->bytes)
			return 0;
		at = in.end;
	}
	return -ENOENT;
}

/* The table has pairs of offsets from the header: first address, place of the entry. */
static int entry_search(const uint8_t *table, uint64_t count, const struct segment *segment,
			uintptr_t pc, struct entry *entry)
{
	int64_t key = (int64_t)(pc - (uintptr_t)segment->header);
	uint64_t low = 0;
	uint64_t high = count;
	int32_t pair[2];

	if (count > (uint64_t)(segment->end - table) / sizeof(pair))
		return -EINVAL;

	while (low < high) {
		uint64_t mid = low + (high - low) / 2;

		__builtin_memcpy(pair, table + mid * sizeof(pair), sizeof(pair));
		if (pair[0] <= key)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == 0)
		return -ENOENT;

	__builtin_memcpy(pair, table + (low - 1) * sizeof(pair), sizeof(pair));
	if (!fde_read(segment->header + pair[1], segment, entry))
		return -EINVAL;
	return pc - entry->start < entry->bytes ? 0 : -ENOENT;
}

static int entry_find(const struct segment *segment, uintptr_t pc, struct entry *entry)
{
	struct leb_in in = { .at = segment->header, .end = segment->end };
	uint8_t version = (uint8_t)leb_fixed(&in, 1);
	uint8_t frame_encoding = (uint8_t)leb_fixed(&in, 1);
	uint8_t count_encoding = (uint8_t)leb_fixed(&in, 1);
	uint8_t table_encoding = (uint8_t)leb_fixed(&in, 1);
	uintptr_t frames = pointer(&in, frame_encoding, segment->header);

	if (in.bad || version != 1)
		return -EINVAL;

	if (count_encoding != PTR_OMIT && table_encoding == 0x3b) { /* datarel, sdata4 */
		uint64_t count = pointer(&in, count_encoding, segment->header);

		if (in.bad)
			return -EINVAL;
		return entry_search(in.at, count, segment, pc, entry);
	}
	if (frames < (uintptr_t)segment->start || frames >= (uintptr_t)segment->end)
		return -EINVAL;
	return entry_scan((const uint8_t *)frames, segment, pc, entry);
}

static void set_reg(struct machine *m, uint64_t reg, enum cfi_how how, int64_t value,
		    struct leb_in *in)
{
	if (value != (int32_t)value)
		in->bad = true;
	else if (reg < ARCH_REGS)
		m->row->reg[reg] = (struct cfi_reg){ .how = how, .value = (int32_t)value };
}

static void set_cfa(struct machine *m, uint64_t reg, int64_t offset, struct leb_in *in)
{
	if (reg >= ARCH_REGS || offset != (int32_t)offset) {
		in->bad = true;
		return;
	}
	m->row->cfa_reg = (uint32_t)reg;
	m->row->cfa = (struct cfi_reg){ .how = CFI_REG, .value = (int32_t)offset };
}

/* An expression stays where it is: only its place is noted. */
static int64_t take_expr(struct machine *m, struct leb_in *in)
{
	int64_t place = in->at - m->row->text;
	uint64_t bytes = leb_unsigned(in);

	leb_skip(in, bytes);
	return place;
}

static void restore_reg(struct machine *m, uint64_t reg)
{
	if (reg < ARCH_REGS)
		m->row->reg[reg] = m->first[reg];
}

static void remember(struct machine *m, struct leb_in *in)
{
	if (m->kept_count == REMEMBER_MAX) {
		in->bad = true;
		return;
	}
	__builtin_memcpy(m->kept[m->kept_count].reg, m->row->reg, sizeof(m->row->reg));
	m->kept[m->kept_count].cfa = m->row->cfa;
	m->kept[m->kept_count].cfa_reg = m->row->cfa_reg;
	m->kept_count++;
}

static void recall(struct machine *m, struct leb_in *in)
{
	if (m->kept_count == 0) {
		in->bad = true;
		return;
	}
	m->kept_count--;
	__builtin_memcpy(m->row->reg, m->kept[m->kept_count].reg, sizeof(m->row->reg));
	m->row->cfa = m->kept[m->kept_count].cfa;
	m->row->cfa_reg = m->kept[m->kept_count].cfa_reg;
}

/* The instructions whose operation is in the low six bits. */
static void run_extended(struct machine *m, unsigned int op, struct leb_in *in)
{
	const struct entry *e = m->entry;
	uint64_t reg;

	switch (op) {
	case 0x00: /* nop */
		break;
	case 0x01: /* set_loc */
		m->at = pointer(in, e->pointer, NULL);
		break;
	case 0x02: /* advance_loc1 */
	case 0x03: /* advance_loc2 */
	case 0x04: /* advance_loc4 */
		m->at += leb_fixed(in, (size_t)1 << (op - 2)) * e->code_align;
		break;
	case 0x05: /* offset_extended */
		reg = leb_unsigned(in);
		set_reg(m, reg, CFI_AT, (int64_t)leb_unsigned(in) * e->data_align, in);
		break;
	case 0x06: /* restore_extended */
		restore_reg(m, leb_unsigned(in));
		break;
	case 0x07: /* undefined */
		set_reg(m, leb_unsigned(in), CFI_UNDEF, 0, in);
		break;
	case 0x08: /* same_value */
		set_reg(m, leb_unsigned(in), CFI_SAME, 0, in);
		break;
	case 0x09: /* register */
		reg = leb_unsigned(in);
		set_reg(m, reg, CFI_REG, (int64_t)leb_unsigned(in), in);
		break;
	case 0x0a:
		remember(m, in);
		break;
	case 0x0b:
		recall(m, in);
		break;
	case 0x0c: /* def_cfa */
		reg = leb_unsigned(in);
		set_cfa(m, reg, (int64_t)leb_unsigned(in), in);
		break;
	case 0x0d: /* def_cfa_register */
		set_cfa(m, leb_unsigned(in), m->row->cfa.value, in);
		break;
	case 0x0e: /* def_cfa_offset */
		set_cfa(m, m->row->cfa_reg, (int64_t)leb_unsigned(in), in);
		break;
	case 0x0f: /* def_cfa_expression */
		m->row->cfa =
			(struct cfi_reg){ .how = CFI_EXPR, .value = (int32_t)take_expr(m, in) };
		break;
	case 0x10: /* expression */
		reg = leb_unsigned(in);
		set_reg(m, reg, CFI_EXPR, take_expr(m, in), in);
		break;
	case 0x11: /* offset_extended_sf */
		reg = leb_unsigned(in);
		set_reg(m, reg, CFI_AT, leb_signed(in) * e->data_align, in);
		break;
	case 0x12: /* def_cfa_sf */
		reg = leb_unsigned(in);
		set_cfa(m, reg, leb_signed(in) * e->data_align, in);
		break;
	case 0x13: /* def_cfa_offset_sf */
		set_cfa(m, m->row->cfa_reg, leb_signed(in) * e->data_align, in);
		break;
	case 0x14: /* val_offset */
		reg = leb_unsigned(in);
		set_reg(m, reg, CFI_VAL, (int64_t)leb_unsigned(in) * e->data_align, in);
		break;
	case 0x15: /* val_offset_sf */
		reg = leb_unsigned(in);
		set_reg(m, reg, CFI_VAL, leb_signed(in) * e->data_align, in);
		break;
	case 0x16: /* val_expression */
		reg = leb_unsigned(in);
		set_reg(m, reg, CFI_VAL_EXPR, take_expr(m, in), in);
		break;
	case 0x2d: /* AARCH64_negate_ra_state: arch_pc() strips what this is about */
		break;
	case 0x2e: /* GNU_args_size */
		(void)leb_unsigned(in);
		break;
	case 0x2f: /* GNU_negative_offset_extended */
		reg = leb_unsigned(in);
		set_reg(m, reg, CFI_AT, -(int64_t)leb_unsigned(in) * e->data_align, in);
		break;
	default:
		in->bad = true;
		break;
	}
}

/* Runs until the row that holds at m->pc is complete. */
static bool run(struct machine *m, struct leb_in in)
{
	for (uint32_t ops = 0; in.at < in.end && !in.bad; ops++) {
		unsigned int op = (unsigned int)leb_fixed(&in, 1);
		unsigned int low = op & 0x3f;

		if (ops == OPS_MAX)
			return false;

		switch (op >> 6) {
		case 1: /* advance_loc */
			m->at += low * m->entry->code_align;
			break;
		case 2: /* offset */
			set_reg(m, low, CFI_AT, (int64_t)leb_unsigned(&in) * m->entry->data_align,
				&in);
			break;
		case 3: /* restore */
			restore_reg(m, low);
			break;
		default:
			run_extended(m, low, &in);
			break;
		}
		if (m->at > m->pc)
			break;
	}
	return !in.bad;
}

bool cfi_expr(const struct cfi_row *row, const struct cfi_reg *reg, const uint8_t **ret_start,
	      const uint8_t **ret_end)
{
	struct leb_in in = { .at = row->text + reg->value, .end = row->end };
	uint64_t bytes = leb_unsigned(&in);

	if (in.bad || bytes > (uint64_t)(in.end - in.at))
		return false;
	*ret_start = in.at;
	*ret_end = in.at + bytes;
	return true;
}

int cfi_find(uintptr_t pc, struct cfi_row *ret_row)
{
	struct segment segment;
	struct entry entry;
	struct machine m;
	int err = segment_find(pc, &segment);

	if (err < 0)
		return err;
	err = entry_find(&segment, pc, &entry);
	if (err < 0)
		return err;
	if (entry.ra >= ARCH_REGS)
		return -EINVAL;

	*ret_row = (struct cfi_row){
		.ra = entry.ra, .signal = entry.signal, .text = segment.header, .end = segment.end
	};
	m.entry = &entry;
	m.row = ret_row;
	m.at = entry.start;
	m.pc = pc;
	m.kept_count = 0;
	__builtin_memset(m.first, 0, sizeof(m.first));
	if (!run(&m, entry.cie))
		return -EINVAL;
	__builtin_memcpy(m.first, ret_row->reg, sizeof(ret_row->reg));
	if (!run(&m, entry.fde))
		return -EINVAL;
	return 0;
}

int cfi_part(uintptr_t pc, uintptr_t *ret_start, size_t *ret_bytes)
{
	struct segment segment;
	struct entry entry;
	struct cfi_row row;
	int err = segment_find(pc, &segment);

	if (err == 0)
		err = entry_find(&segment, pc, &entry);
	if (err == 0)
		err = cfi_find(entry.start, &row);
	if (err < 0)
		return err;
	*ret_start = entry.start;
	*ret_bytes = entry.bytes;
	return row.cfa.how == CFI_REG && row.cfa_reg == ARCH_REG_SP &&
	       row.cfa.value == (int32_t)sizeof(uintptr_t);
}
