/* SPDX-License-Identifier: MIT */
/* Magic numbers by which loader and kernel recognise each other. [MB2] [PVH] */
#ifndef BOOT_X86_64_LOADERS_H
#define BOOT_X86_64_LOADERS_H

#define MULTIBOOT2_HEADER_MAGIC 0xe85250d6      /* in the image */
#define MULTIBOOT2_LOADER_MAGIC 0x36d76289      /* in eax at the start */
#define PVH_MAGIC               0x336ec578      /* first word of the start info */

#endif
