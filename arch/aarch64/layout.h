/* SPDX-License-Identifier: MIT */
/*
 * The virtual address plan of AArch64 (48 bit). Read by C, assembly and
 * linker.ld alike, so only plain constants stand here. arch/README.md shows
 * the plans of all machines in one table.
 */
#ifndef ARCH_AARCH64_LAYOUT_H
#define ARCH_AARCH64_LAYOUT_H

#define USER_END         0x0001000000000000     /* all that TTBR0 translates */
#define DIRECT_MAP_BASE  0xffff800000000000
#define DIRECT_MAP_SIZE  0x0000400000000000     /* 64 TiB */
#define VMALLOC_BASE     0xffffc00000000000
#define VMALLOC_END      0xffffc20000000000     /* 2 TiB: four top-level entries */
#define MEMMAP_BASE      0xffffe00000000000     /* 48 bytes a frame: 768 GiB */
#define KASAN_OFFSET     0xdffffc0000000000     /* shadow of va: (va >> 3) + this */
#define CONSOLE_BASE     0xffffffff40000000     /* registers of the serial port */
#define KERNEL_BASE      0xffffffff80000000     /* image: link - nominal load address */
#define KERNEL_LOAD      0x40200000             /* nominal: where QEMU's loader puts it */

#define ZONE_DMA_END     0x40000000             /* 1 GiB: the narrowest DMA masks */
#define ZONE_DMA32_END   0x100000000            /* 4 GiB */

#endif
