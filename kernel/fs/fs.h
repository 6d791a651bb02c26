/* SPDX-License-Identifier: MIT */
/* What boot needs from the file layer. */
#ifndef KERNEL_FS_FS_H
#define KERNEL_FS_FS_H

struct bootinfo;

/* Root tmpfs, /dev, /proc. Boot, after slab_init(). */
void fs_init(void);

/* Unpacks every module that is a cpio archive ("newc") into the root, then
 * gives the module's frames back. A broken archive is reported with the
 * offset and what was wrong; what was unpacked so far stays. */
void fs_load_initramfs(const struct bootinfo *bi);

#endif
