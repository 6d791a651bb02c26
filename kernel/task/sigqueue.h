/* SPDX-License-Identifier: MIT */
/*
 * Waiting signals: numbers, the state of a process and of a task, and the
 * queues. Numbers and structures are those of Linux, the same on both
 * machines.
 */
#ifndef KERNEL_TASK_SIGQUEUE_H
#define KERNEL_TASK_SIGQUEUE_H

#include "arch/signal.h"
#include "kernel/base/lock.h"
#include "lib/list.h"
#include "lib/types.h"

enum { SIGHUP = 1, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE,
       SIGKILL, SIGUSR1, SIGSEGV, SIGUSR2, SIGPIPE, SIGALRM, SIGTERM,
       SIGSTKFLT, SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG,
       SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGWINCH, SIGIO, SIGPWR, SIGSYS,
       SIGNAL_RT_FIRST, SIGNAL_NR = 64 };

enum { SI_USER = 0, SI_KERNEL = 0x80, SI_QUEUE = -1, SI_TKILL = -6 };
enum { SEGV_MAPERR = 1, SEGV_ACCERR = 2, BUS_ADRALN = 1, BUS_ADRERR = 2,
       FPE_INTDIV = 1, FPE_FLTINV = 7, TRAP_TRACE = 2 };
enum { CLD_EXITED = 1, CLD_KILLED, CLD_DUMPED, CLD_TRAPPED, CLD_STOPPED,
       CLD_CONTINUED };

enum { SIG_DFL = 0, SIG_IGN = 1 };      /* sigaction_user.handler */
enum { SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK };

/* A waiting signal with the story of its sender. */
struct signal_queued {
	struct list_node node;          /* [lock] signal_queue.entries */
	struct siginfo info;
};

/* Waiting signals, oldest first. A bit without an entry is a signal of the
 * kernel's, or one whose siginfo found no memory: it arrives all the same. */
struct signal_queue {
	u64 pending;                    /* bit signo - 1 [lock] */
	u64 from_kernel;                /* of those: SI_KERNEL, no entry [lock] */
	struct list_node entries;       /* struct signal_queued [lock] */
	struct list_node dead;          /* dropped, not yet freed [lock] */
	u32 nr;                         /* entries that wait [lock] */
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

/* All but init: signals.lock is held, or nobody else knows q. */
void sigqueue_cache_init(void);
void signal_queue_init(struct signal_queue *q);
void signal_queue_free(struct signal_queue *q);
void signal_queue_drop(struct signal_queue *q, u64 set);
void signal_queue_push(struct signal_queue *q, int signo,
		       const struct siginfo *info);
void signal_queue_pop(struct signal_queue *q, int signo, struct siginfo *info);

#endif
