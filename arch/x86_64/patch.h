/* SPDX-License-Identifier: MIT */
/*
 * Instructions that only some CPUs have, put in place at boot.
 *
 * CLAC and STAC are undefined without SMAP, and a test of a flag would cost
 * more than they do. So each site holds a no-op of the same three bytes, and
 * mmu_init() writes the instruction over it when the CPU has SMAP, long
 * before text becomes read-only.
 *
 * Assembly: PATCH_CLAC, PATCH_STAC. C: struct patch_site.
 */
#ifndef ARCH_X86_64_PATCH_H
#define ARCH_X86_64_PATCH_H

#ifdef __ASSEMBLER__

.macro PATCH_SMAP last_byte
771:	.byte 0x0f, 0x1f, 0x00		/* nopl (%rax) */
	.pushsection patch_sites, "a"
	.quad 771b
	.byte 0x0f, 0x01, \last_byte, 0, 0, 0, 0, 0
	.popsection
.endm

#define PATCH_CLAC PATCH_SMAP 0xca
#define PATCH_STAC PATCH_SMAP 0xcb

#else

#include "lib/types.h"

struct patch_site {
	u8 *where;
	u8 code[8];                     /* the first three replace the no-op */
};
extern const struct patch_site __start_patch_sites[], __stop_patch_sites[];

#endif /* __ASSEMBLER__ */
#endif
