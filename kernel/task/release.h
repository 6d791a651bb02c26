/* SPDX-License-Identifier: MIT */
/* What uname(2) and /proc say we are: the Linux whose ABI this is. */
#ifndef KERNEL_TASK_RELEASE_H
#define KERNEL_TASK_RELEASE_H

#define QUIRE_SYSNAME  "Linux"
#define QUIRE_NODENAME "quire"
#define QUIRE_RELEASE  "6.1.0-quire"
#define QUIRE_VERSION  "#1 Quire"

#endif
