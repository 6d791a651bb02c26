/* SPDX-License-Identifier: MIT */
/*
 * Signals: sending, delivering, waiting. Numbers and state are in sigqueue.h.
 */
#ifndef KERNEL_TASK_SIGNAL_H
#define KERNEL_TASK_SIGNAL_H

#include "kernel/task/sigqueue.h"

struct task;
struct process;
struct trap_frame;

/* Queues a signal for a process (any task may take it). 0, -EINVAL. Context:
 * any, also interrupts; no lock of a rank from RANK_SIGNAL on. */
int signal_send_process(struct process *p, int signo,
			const struct siginfo *info);
/* The same for one task of it (tkill). */
int signal_send_task(struct task *t, int signo, const struct siginfo *info);
/* Terminal: ^C. 0, or -ESRCH: no process in the group. No lock from
 * RANK_TASKS on. */
int signal_send_group(int pgid, int signo);
/* A synchronous fault of the calling task: delivered even if blocked (then
 * deadly). */
void signal_force(int signo, int code, vaddr_t addr);
/* Would this signal of the calling task end it (no handler, or blocked)? */
bool signal_is_deadly(int signo);
/* Before the return to user mode: handlers, default actions, exit. */
void signal_deliver(struct trap_frame *tf);

/* ---- inside kernel/task -------------------------------------------------- */

void signal_state_init(struct signal_state *s);
void signal_state_copy(struct signal_state *to, struct signal_state *from);
void signal_state_reset(struct signal_state *s);
/* exec: handlers go, what is ignored stays. Context: calling task, alone. */
void signal_state_exec(struct task *t);
/* The calling task's mask; SIGKILL and SIGSTOP stay open. */
void signal_set_blocked(u64 mask);
/* Takes the next signal of set that waits for the calling task; 0: none. */
int signal_take(u64 set, struct siginfo *info);
void signal_drop_pending(struct process *p, int signo);
/* Sleeps until a signal comes or deadline (ns of timer_now(); ~0: never). */
int signal_wait(u64 deadline);
/* Another mask until the running call is over (ppoll, pselect). */
void signal_mask_for_wait(u64 mask);
/* Puts it back, unless a signal ended the call: then signal_deliver() does. */
void signal_mask_restore(bool interrupted);
bool signal_on_altstack(vaddr_t sp);
struct sigaltstack_user signal_altstack(vaddr_t sp);
void signal_wake_task(struct task *t, u32 work);
bool signal_default_ignores(int signo);
int signal_wait_status(const struct process *p, int signo);
const char *signal_name(int signo);

#endif
