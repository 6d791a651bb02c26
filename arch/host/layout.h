/* SPDX-License-Identifier: MIT */
/*
 * The virtual address plan of the host machine: three windows of a Linux
 * process, at fixed places that the sanitizers leave free.
 *
 *   0x0000'0000'0000 ─ user half: simulated, never dereferenced
 *   0x2000'0000'0000 ─ direct map    top-level entries 64 …
 *   0x3000'0000'0000 ─ memmap        top-level entry 96
 *   0x3100'0000'0000 ─ vmalloc       top-level entries 98, 99
 *
 * ThreadSanitizer claims these addresses for itself, so its build moves the
 * kernel half up; every index changes, which is a test of its own.
 */
#ifndef ARCH_HOST_LAYOUT_H
#define ARCH_HOST_LAYOUT_H

#define USER_END 0x00001ffffffff000

#ifdef __SANITIZE_THREAD__
#define DIRECT_MAP_BASE 0x00007e8000000000
#define DIRECT_MAP_SIZE 0x0000002000000000 /* 128 GiB */
#define MEMMAP_BASE     0x00007ea000000000
#define VMALLOC_BASE    0x00007eb000000000
#define VMALLOC_END     0x00007eb800000000 /* 32 GiB */
#else
#define DIRECT_MAP_BASE 0x0000200000000000
#define DIRECT_MAP_SIZE 0x0000100000000000 /* 16 TiB */
#define MEMMAP_BASE     0x0000300000000000
#define VMALLOC_BASE    0x0000310000000000
#define VMALLOC_END     0x0000320000000000 /* 1 TiB: two top-level entries */
#endif

/* Image symbols of arch/image.h exist, but all sections are empty here. */
#define KERNEL_BASE 0x00007fff80000000

/* Low limits, so that a small arena has all three zones. */
#define ZONE_DMA_END   0x1000000 /* 16 MiB */
#define ZONE_DMA32_END 0x3000000 /* 48 MiB */

#endif
