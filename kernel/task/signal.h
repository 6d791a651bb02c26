/* SPDX-License-Identifier: MIT */
/*
 * Signals with the numbers and structures of Linux (the same on both machines).
 */
#ifndef KERNEL_TASK_SIGNAL_H
#define KERNEL_TASK_SIGNAL_H

#include "arch/signal.h"
#include "kernel/base/lock.h"
#include "lib/list.h"
#include "lib/types.h"

struct task;
struct process;
struct trap_frame;

enum { SIGHUP = 1, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE,
       SIGKILL, SIGUSR1, SIGSEGV, SIGUSR2, SIGPIPE, SIGALRM, SIGTERM,
       SIGSTKFLT, SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG,
       SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGWINCH, SIGIO, SIGPWR, SIGSYS,
       SIGNAL_RT_FIRST, SIGNAL_NR = 64 };

enum { SI_USER = 0, SI_KERNEL = 0x80, SI_TKILL = -6 };
enum { SEGV_MAPERR = 1, SEGV_ACCERR = 2, BUS_ADRALN = 1, BUS_ADRERR = 2,
       FPE_INTDIV = 1, FPE_FLTINV = 7, ILL_ILLOPN = 2, TRAP_BRKPT = 1,
       TRAP_TRACE = 2 };
enum { CLD_EXITED = 1, CLD_KILLED, CLD_DUMPED, CLD_TRAPPED, CLD_STOPPED,
       CLD_CONTINUED };

enum { SIG_DFL = 0, SIG_IGN = 1 };      /* sigaction_user.handler */
enum { SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK };

/* A waiting signal with the story of its sender. */
struct signal_queued {
	struct list_node node;          /* [lock] signal_queue.entries */
	struct siginfo info;
};

/* Waiting signals, oldest first. A bit without an entry is a signal whose
 * siginfo found no memory: it arrives all the same. */
struct signal_queue {
	u64 pending;                    /* bit signo - 1 [lock] */
	struct list_node entries;       /* struct signal_queued [lock] */
};

struct signal_state {                   /* per process */
	struct spinlock lock;           /* interrupts off: the terminal sends */
	struct sigaction_user action[SIGNAL_NR];        /* [lock] signo - 1 */
	struct signal_queue shared;     /* [lock] for any task of the process */
};

struct task_signals {                   /* per task */
	u64 blocked;                    /* own task writes [signals.lock] */
	u64 waited;                     /* sigtimedwait: let in all the same */
	u64 saved_blocked;              /* sigsuspend: the mask to go back to */
	bool restore_blocked;           /* saved_blocked counts */
	struct signal_queue own;        /* [process signals.lock] */
	u64 alt_sp, alt_size;           /* own task only */
	u32 alt_flags;
};

static inline u64 signal_bit(int signo) { return (u64)1 << (signo - 1); }

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
void signal_queue_init(struct signal_queue *q);
void signal_queue_free(struct signal_queue *q);
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
const char *signal_name(int signo);
void signal_cache_init(void);

#endif
