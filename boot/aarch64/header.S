/* SPDX-License-Identifier: MIT */
/*
 * The first page of the image: three headers in one, so that the same file
 * is started by QEMU's -kernel, by a boot loader, and by UEFI.
 *
 *   offset 0   "MZ" .. b start       instructions for a jump to the image's
 *              │                     first byte; for UEFI the mark of an
 *              │                     executable
 *         8    offset, size, flags   [arm64boot] how much memory, and where
 *        56    "ARM\x64"             and its mark
 *        60    offset of ──┐
 *        64    "PE\0\0" ◄──┘         [PECOFF] what UEFI's loader maps: one
 *              optional header       section to read and execute, one to
 *              2 sections            read and write
 *
 *   Memory and file look alike: the file has every byte, bss included, and all
 *   offsets below count from the image's first byte.
 *
 *   0       HEAD_SIZE     _init_text_end             _image_end
 *   ├────────┼─────────────┼──────────────────────────┤
 *   │headers │ .text       │ .data                    │
 *   │        │ efi_entry() │ the rest of the kernel: for UEFI only bytes,
 *   │        │             │ but for the stub's constants
 *
 * Nothing is relocated: efi.c uses PC-relative addresses only, and the kernel
 * proper is moved to where it wants to be.
 *
 * [arm64boot] "Call the kernel image"; [PECOFF] "Optional Header", "Section
 * Table"; [UEFI] 2.1.1 "UEFI Images"
 */
#include <layout.h>

#define HEAD_SIZE          0x1000       /* RVA of the first section: one page */
#define FLAG_PAGES_4K      (1 << 1)
#define FLAG_ANYWHERE      (1 << 3)     /* in RAM, 2 MiB aligned */

#define MACHINE_AARCH64    0xaa64
#define FILE_FLAGS         0x206        /* executable, no lines, no debug data */
#define PE32_PLUS          0x20b
#define SUBSYSTEM_EFI_APP  10
#define NX_COMPATIBLE      0x100        /* .data need not be executable */
#define SECTION_TEXT       0x60000020   /* code, execute, read */
#define SECTION_DATA       0xc0000040   /* initialised, read, write */

/* Offset in the image of a symbol in the high half. */
#define RVA(symbol)        (symbol - KERNEL_BASE - image_header)

	.section .head.header, "ax"
	.globl image_header
image_header:
	add x13, x18, #22               /* its first two bytes are "MZ" */
	b start
	.quad 0                         /* offset from a 2 MiB boundary */
	.quad RVA(_image_end)           /* memory that the kernel takes */
	.quad FLAG_PAGES_4K | FLAG_ANYWHERE
	.quad 0, 0, 0
	.ascii "ARM\x64"
	.long pe_header - image_header

pe_header:
	.ascii "PE\0\0"
	.short MACHINE_AARCH64
	.short 2                        /* sections */
	.long 0                         /* time stamp */
	.long 0, 0                      /* no symbols */
	.short section_table - optional_header
	.short FILE_FLAGS

optional_header:
	.short PE32_PLUS
	.byte 1, 0                      /* linker version */
	.long RVA(_init_text_end) - HEAD_SIZE           /* code, */
	.long _pe_data_size                             /* data, */
	.long 0                                         /* bss: none apart */
	.long RVA(efi_entry)
	.long HEAD_SIZE                 /* where code begins */
	.quad 0                         /* no preferred address */
	.long 0x1000, 0x1000            /* alignment in memory, in the file */
	.short 0, 0                     /* operating system version */
	.short 0, 0                     /* image version */
	.short 0, 0                     /* subsystem version */
	.long 0
	.long RVA(_image_end)           /* size in memory */
	.long HEAD_SIZE                 /* headers: mapped as well */
	.long 0                         /* check sum: drivers only */
	.short SUBSYSTEM_EFI_APP
	.short NX_COMPATIBLE
	.quad 0, 0, 0, 0                /* stack and heap: not UEFI's business */
	.long 0
	.long 6                         /* directories, up to the relocations: */
	.quad 0, 0, 0, 0, 0, 0          /* all empty */

section_table:
	.ascii ".text\0\0\0"
	.long RVA(_init_text_end) - HEAD_SIZE   /* size in memory */
	.long HEAD_SIZE                         /* RVA */
	.long RVA(_init_text_end) - HEAD_SIZE   /* size in the file */
	.long HEAD_SIZE                         /* offset in the file */
	.long 0, 0, 0                           /* no relocations, no lines */
	.long SECTION_TEXT

	.ascii ".data\0\0\0"
	.long _pe_data_size
	.long RVA(_init_text_end)
	.long _pe_data_size
	.long RVA(_init_text_end)
	.long 0, 0, 0
	.long SECTION_DATA
