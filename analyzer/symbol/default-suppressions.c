/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the function in the symbol tables and reads the few instructions that it has. */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "symbol/default-suppressions.h"

#define TEXT_MAX (1u << 20)
#define CODE_MAX 32u

/* Bytes of the file from the address @addr on, to the end of its section; NULL if it has none. */
static const uint8_t *find_bytes(Elf *elf, uint64_t addr, size_t *ret_count)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		Elf_Data *data;

		if (!gelf_getshdr(section, &header) || !(header.sh_flags & SHF_ALLOC) ||
		    header.sh_type == SHT_NOBITS || addr - header.sh_addr >= header.sh_size)
			continue;
		data = elf_rawdata(section, NULL);
		if (!data || !data->d_buf || addr - header.sh_addr >= data->d_size)
			return NULL;
		*ret_count = data->d_size - (addr - header.sh_addr);
		return (const uint8_t *)data->d_buf + (addr - header.sh_addr);
	}
	return NULL;
}

static uint64_t find_function(Elf *elf)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		Elf_Data *data;
		GElf_Sym symbol;

		if (!gelf_getshdr(section, &header) ||
		    (header.sh_type != SHT_SYMTAB && header.sh_type != SHT_DYNSYM))
			continue;
		data = elf_getdata(section, NULL);
		for (int i = 0; data && gelf_getsym(data, i, &symbol); i++) {
			const char *name = elf_strptr(elf, header.sh_link, symbol.st_name);

			if (name && symbol.st_shndx != SHN_UNDEF &&
			    strcmp(name, "__lsan_default_suppressions") == 0)
				return symbol.st_value;
		}
	}
	return 0;
}

static bool skip(const uint8_t **at, const uint8_t *end, const void *code, size_t count)
{
	if ((size_t)(end - *at) < count || memcmp(*at, code, count) != 0)
		return false;
	*at += count;
	return true;
}

static uint32_t read_u32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

/* The address that the function returns, 0 if it does more than that.  x86-64. */
static uint64_t find_text(const uint8_t *code, size_t count, uint64_t addr)
{
	const uint8_t *at = code, *end = code + (count < CODE_MAX ? count : CODE_MAX);
	uint64_t text;

	(void)skip(&at, end, "\xf3\x0f\x1e\xfa", 4);		  /* endbr64 */
	(void)skip(&at, end, "\x55\x48\x89\xe5", 4);		  /* push %rbp; mov %rsp,%rbp */
	if (end - at >= 8 && skip(&at, end, "\x48\x8d\x05", 3)) { /* lea TEXT(%rip),%rax */
		text = addr + (uint64_t)(at - code) + 4 + (uint64_t)(int32_t)read_u32(at);
		at += 4;
	} else if (end - at >= 6 && skip(&at, end, "\xb8", 1)) { /* mov $TEXT,%eax */
		text = read_u32(at);
		at += 4;
	} else {
		return 0;
	}
	(void)skip(&at, end, "\x5d", 1); /* pop %rbp */
	return skip(&at, end, "\xc3", 1) ? text : 0;
}

static int read_elf(Elf *elf, char **ret_text)
{
	GElf_Ehdr header;
	const uint8_t *bytes;
	uint64_t function, text;
	size_t count = 0;

	if (!gelf_getehdr(elf, &header) || elf_kind(elf) != ELF_K_ELF)
		return -ENOENT;
	function = find_function(elf);
	if (!function)
		return -ENOENT;
	bytes = header.e_machine == EM_X86_64 ? find_bytes(elf, function, &count) : NULL;
	text = bytes ? find_text(bytes, count, function) : 0;
	bytes = text ? find_bytes(elf, text, &count) : NULL;
	if (!bytes)
		return -ENOTSUP;
	*ret_text = strndup((const char *)bytes, count < TEXT_MAX ? count : TEXT_MAX);
	return *ret_text ? 0 : -ENOMEM;
}

int default_suppressions_read(const char *path, char **ret_text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	Elf *elf;
	int r;

	if (fd < 0)
		return neg_errno();
	(void)elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	r = elf ? read_elf(elf, ret_text) : -ENOENT;
	(void)elf_end(elf);
	(void)close(fd);
	return r;
}
