/* SPDX-License-Identifier: MIT */
/*
 * Tasks: a thread of user code with its address space, files and signals.
 *
 *      struct process ── pid, parent, children, mm, files, handlers
 *           │ tasks
 *           ├─ struct task (tid = pid, the leader) ── thread, mask, own signals
 *           └─ struct task (tid)                   ── …
 *
 * A process is the group of tasks that share `struct process`. fork makes a
 * new process with one task; clone(CLONE_THREAD) adds a task to the caller's.
 *
 *            fork.c           exit.c (last task)        wait.c (parent)
 *   (nothing) ────► running ────────────────────► zombie ────────► (gone)
 *                    │   ▲
 *            SIGSTOP ▼   │ SIGCONT
 *                   stopped
 *
 * Locking: tasks_lock (process.c) guards the tree and the fields marked
 * [tree]; process.signals.lock, [signals], guards the queues and, together
 * with tasks_lock, the list of tasks: either lock to read, both to change it.
 */
#ifndef KERNEL_TASK_TASK_H
#define KERNEL_TASK_TASK_H

#include "kernel/base/sched.h"
#include "kernel/base/time.h"
#include "kernel/base/wait.h"
#include "kernel/fs/vfs.h"
#include "kernel/task/sigqueue.h"
#include "mm/spaces/mm.h"

enum { RLIMIT_CPU, RLIMIT_FSIZE, RLIMIT_DATA, RLIMIT_STACK, RLIMIT_CORE,
       RLIMIT_RSS, RLIMIT_NPROC, RLIMIT_NOFILE, RLIMIT_MEMLOCK, RLIMIT_AS,
       RLIMIT_LOCKS, RLIMIT_SIGPENDING, RLIMIT_MSGQUEUE, RLIMIT_NICE,
       RLIMIT_RTPRIO, RLIMIT_RTTIME, RLIMIT_NR };

#define RLIM_INFINITY (~(u64)0)

#define PID_MAX 32768                   /* pids are below this */

struct rlimit { u64 cur, max; };

enum { OOM_SCORE_ADJ_MIN = -1000, OOM_SCORE_ADJ_MAX = 1000 };

/* Who the process acts as: real, effective, saved. Bookkeeping only. */
struct cred {
	u32 uid, euid, suid;
	u32 gid, egid, sgid;
	u64 cap_effective, cap_permitted, cap_inheritable;
	struct groups *groups;          /* with a reference; NULL: none [tree] */
};

#define TIMERSLACK_NS 50000             /* what a program starts with */
#define CAP_DAC_READ_SEARCH ((u64)1 << 2)
#define CAP_IPC_LOCK ((u64)1 << 14)
/* CAP_CHECKPOINT_RESTORE, or the older CAP_SYS_ADMIN. */
#define CAP_CHOOSES_PIDS ((u64)1 << 40 | (u64)1 << 21)
#define CAP_ALL (((u64)1 << 41) - 1)    /* 41 capabilities in Linux 6.1 */

/* CPU time in each mode. */
struct cpu_times { u64 user_ns, kernel_ns; };

/* ITIMER_VIRTUAL counts user time, ITIMER_PROF both. */
enum { CPU_TIMER_VIRTUAL, CPU_TIMER_PROF, CPU_TIMER_NR };
struct cpu_timer {
	u64 expires;                    /* ns of the process's time; 0: off */
	u64 interval;                   /* ns; 0: once */
};

/* Job control, as wait4 reports it. */
enum process_stop { PROCESS_RUNS, PROCESS_STOPPED, PROCESS_CONTINUED };

struct groups;

struct process {
	int pid;                        /* thread group id */
	int ppid;                       /* parent's pid; read unlocked [tree] */
	int pgid, sid;                  /* [tree] */
	u32 nr_tasks;                   /* live tasks [tree] */
	u32 refs;                       /* [atomic] */
	struct process *parent;         /* [tree] */
	struct list_node children;      /* [tree] process.sibling */
	struct list_node sibling;       /* [tree] */
	struct list_node tasks;         /* [tree + signals] task.group_node */
	struct wait_queue wait_children;
	bool zombie;                    /* only the exit code is left [tree] */
	bool exiting;                   /* exit_group in progress [signals] */
	bool has_execed;                /* setpgid of a child: too late */
	struct task *exec_task;         /* the one that survives [signals] */
	enum process_stop stop;         /* [signals] */
	bool stop_unseen;               /* not yet seen by wait4 [signals] */
	int stop_signo;                 /* [signals] */
	struct wait_queue stop_wait;    /* stopped tasks; also exec's wait */
	int exit_signal;                /* to the parent; 0: none */
	int exit_code;                  /* as wait4 shows it */
	struct signal_state signals;    /* handlers, shared pending */
	struct rlimit rlimit[RLIMIT_NR];
	struct cred cred;
	struct mm *mm;                  /* NULL: zombie [tree to change] */
	struct files *files;            /* NULL: zombie */
	struct fs_context fs;
	struct inode *exe;              /* holds a reference; or NULL [tree] */
	char comm[16];                  /* of the leader, also for the zombie */
	u64 start_ns;
	struct cpu_times dead_times;    /* of ended tasks [tree] */
	u64 min_flt, maj_flt;           /* of spaces left behind (exec, exit) */
	u64 child_min_flt, child_maj_flt;       /* waited-for children [tree] */
	struct cpu_times child_times;   /* of waited-for children [tree] */
	u64 max_rss, child_max_rss;     /* pages [tree] */
	struct timer alarm;             /* ITIMER_REAL */
	u64 alarm_interval;             /* ns; 0: once */
	u64 alarm_deadline;             /* ns of timer_now(); 0: off */
	struct cpu_timer cpu_timer[CPU_TIMER_NR];       /* [tree] */
	struct wait_queue vfork_wait;   /* the parent, until exec or exit */
	bool vfork_done;
	bool no_new_privs;              /* prctl_calls.c, from here on: */
	bool keep_caps;
	bool thp_disable;
	bool subreaper;                 /* orphans below come to us [tree] */
	bool membarrier;                /* registered for the private one */
	bool left_terminal;             /* TIOCNOTTY: not for us any more */
	int dumpable;
	int death_signal;               /* when the parent ends; 0: none */
	u32 personality;
	int oom_score_adj;              /* OOM_SCORE_ADJ_MIN … _MAX */
};

struct task {
	struct thread thread;           /* first: thread.task points here */
	struct process *process;        /* with a reference */
	int tid;
	struct list_node group_node;    /* [tree + signals] */
	struct task_signals signals;    /* mask, own pending, alternate stack */
	u32 __user *clear_tid;          /* zeroed and woken at exit, or NULL */
	void __user *robust_list;       /* set_robust_list, or NULL */
	u64 restart_deadline;           /* ns: for a restarted sleep; 0: none */
	int policy, nice;               /* kept, not obeyed [tree] */
	bool policy_reset;              /* a child starts with the usual [tree] */
	u64 timer_slack;                /* ns, kept, not obeyed */
	char comm[16];
};

static inline struct task *current_task(void)
{
	return current_thread()->task;
}

static inline struct process *current_process(void)
{
	return current_task()->process;
}

/* ---- process.c: pids and the tree ---------------------------------------- */

extern struct spinlock tasks_lock;
extern struct process *init_process;    /* pid 1 */

/* The process with this pid with a reference, or NULL. Context: any. */
struct process *process_find(int pid);
void process_get(struct process *p);
void process_put(struct process *p);
/* Next process with pid > *pid (its pid is stored), with a reference; NULL:
 * end. */
struct process *process_next(int *pid);
/* Its space with a reference (mm_put it), or NULL: a zombie. */
struct mm *process_mm_get(struct process *p);
/* Number of processes and of tasks, zombies included in the first. */
u32 process_count(u32 *nr_tasks);
/* CPU time of all its tasks, dead ones included. */
struct cpu_times process_times(struct process *p);
struct cpu_times process_times_locked(struct process *p)
	__needs_lock(tasks_lock);
struct cpu_times task_times(const struct task *t);
void cpu_times_add(struct cpu_times *sum, const struct cpu_times *more);
u64 process_cpu_ns(struct process *p);
u64 task_cpu_ns(const struct task *t);

void process_init(void);
int __must_check process_create(struct process *parent, struct process **out);
int __must_check process_publish(struct process *p, struct process *maker,
				 bool sibling, struct task *leader);
struct process *process_find_locked(int pid) __needs_lock(tasks_lock);
void process_unlink_locked(struct process *p) __needs_lock(tasks_lock);
struct process *process_next_locked(int *pid) __needs_lock(tasks_lock);

/* ---- task.c: one thread of user code ------------------------------------- */

void task_init(void);
int __must_check task_create(struct process *p, const char *comm, int tid,
			     struct task **out);
void task_free(struct task *t);         /* one that was never started */
int __must_check pid_alloc(int *out);
void pid_free(int pid);
void task_set_comm(struct task *t, const char *comm);

/* Ends the calling task; the last of a process makes it a zombie. code is
 * the wait status (exit code << 8, or signal). */
void __noreturn task_exit(int code);
/* exit_group: all tasks of the process end. */
void __noreturn process_exit(int code);
/* exec: ends every other task of the process and takes the leader's id. */
int __must_check process_end_other_tasks(void);
/* Supplementary groups: cred_calls.c. */
void groups_get(struct groups *g);
void groups_put(struct groups *g);
struct strbuf;
void groups_show(struct process *p, struct strbuf *sb);
/* Any task by its number, or NULL. Context: tasks_lock. */
struct task *task_find_locked(int tid) __needs_lock(tasks_lock);
/* The zombie's last trace in tree and table; the pid is free again. */
void process_release(struct process *p);
/* Fault counts of a space that p leaves behind. */
void process_book_faults(struct process *p, const struct mm *mm);
/* Lets the vfork parent go on. */
void vfork_release(struct process *p);
/* signal.c: sets THREAD_WORK_SIGNAL, or clears it, as the queues say. */
void signal_recalc(struct process *p, struct task *t)
	__needs_lock(p->signals.lock);
/* SIGCHLD with what happened (CLD_*), and the parent's wait4. */
void process_notify_parent(struct process *p, int signo, int code, int status)
	__needs_lock(tasks_lock);

#endif
