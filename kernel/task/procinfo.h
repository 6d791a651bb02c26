/* SPDX-License-Identifier: MIT */
/*
 * What /proc/PID shows of a process, as text in Linux's formats (proc(5)).
 *
 * Each call takes its own short locks; p is held by the caller's reference
 * (process_find, process_next). A zombie shows what Linux shows: names and
 * ids, no memory.
 */
#ifndef KERNEL_TASK_PROCINFO_H
#define KERNEL_TASK_PROCINFO_H

#include "lib/types.h"

struct process;
struct strbuf;

void procinfo_stat(struct process *p, struct strbuf *sb);
void procinfo_status(struct process *p, struct strbuf *sb);
void procinfo_statm(struct process *p, struct strbuf *sb);
void procinfo_oom_score(struct process *p, struct strbuf *sb);
/* Lines of the maps from address *pos on, as long as they fit. */
void procinfo_maps(struct process *p, struct strbuf *sb, u64 *pos);
/* The raw bytes, words ended by NUL; returns their number. */
size_t procinfo_cmdline(struct process *p, char *buf, size_t size);
size_t procinfo_environ(struct process *p, char *buf, size_t size);
size_t procinfo_auxv(struct process *p, char *buf, size_t size);
/* Path of the program, or NULL: none. */
const char *procinfo_exe(struct process *p, char *buf, size_t size);
/* One letter as ps shows it: R S D T Z. */
char procinfo_state(struct process *p);

#endif
