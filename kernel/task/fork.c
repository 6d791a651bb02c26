/* SPDX-License-Identifier: MIT */
/*
 * fork, vfork, clone: a second task from the calling one.
 *
 *                      address space   files    handlers   process
 *   fork               copy-on-write   copy     copy       new
 *   vfork, posix_spawn shared          copy     copy       new; parent waits
 *   pthread_create     shared          shared   shared     the caller's
 *
 * Everything that can fail happens before the child can be seen; from
 * process_publish() (or thread_join_group()) on nothing fails any more.
 *
 * What Linux can share piecemeal but Quire keeps in struct process as a whole
 * (handlers and current directory between processes, separate descriptor
 * tables between threads) is refused with -EINVAL rather than faked.
 */
#include "arch/abi.h"
#include "arch/trap.h"
#include "kernel/base/trace.h"
#include "kernel/task/signal.h"
#include "kernel/task/syscall.h"
#include "kernel/task/task.h"
#include "lib/string.h"
#include "mm/spaces/uaccess.h"

#define CSIGNAL              0x000000fful
#define CLONE_VM             0x00000100ul
#define CLONE_FS             0x00000200ul
#define CLONE_FILES          0x00000400ul
#define CLONE_SIGHAND        0x00000800ul
#define CLONE_VFORK          0x00004000ul
#define CLONE_PARENT         0x00008000ul
#define CLONE_THREAD         0x00010000ul
#define CLONE_SYSVSEM        0x00040000ul
#define CLONE_SETTLS         0x00080000ul
#define CLONE_PARENT_SETTID  0x00100000ul
#define CLONE_CHILD_CLEARTID 0x00200000ul
#define CLONE_DETACHED       0x00400000ul
#define CLONE_UNTRACED       0x00800000ul
#define CLONE_CHILD_SETTID   0x01000000ul
#define CLONE_IO             0x80000000ul
#define CLONE_CLEAR_SIGHAND  0x100000000ul      /* clone3 only */

#define CLONE_PROCESS_FLAGS                                               \
	(CLONE_VM | CLONE_FILES | CLONE_VFORK | CLONE_PARENT |            \
	 CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID |             \
	 CLONE_CHILD_CLEARTID | CLONE_DETACHED | CLONE_UNTRACED |         \
	 CLONE_CHILD_SETTID | CLONE_IO | CLONE_CLEAR_SIGHAND)
#define CLONE_GROUP_FLAGS \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)
#define CLONE_THREAD_FLAGS                                                \
	(CLONE_GROUP_FLAGS | CLONE_SYSVSEM | CLONE_SETTLS |               \
	 CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | CLONE_DETACHED |    \
	 CLONE_UNTRACED | CLONE_CHILD_SETTID | CLONE_IO | CLONE_PARENT)

struct clone_request {
	u64 flags;                      /* CLONE_*, without CSIGNAL */
	int exit_signal;                /* 0: none */
	vaddr_t stack;                  /* new stack pointer; 0: the caller's */
	u64 tls;
	s32 __user *parent_tid;
	u32 __user *child_tid;
	int tid;                        /* its number; 0: any */
};

static int clone_check(const struct clone_request *rq)
{
	u64 allowed = CLONE_PROCESS_FLAGS;

	if (rq->flags & CLONE_THREAD) {
		allowed = CLONE_THREAD_FLAGS;
		if ((rq->flags & CLONE_GROUP_FLAGS) != CLONE_GROUP_FLAGS)
			return -EINVAL;
	}
	if (rq->flags & ~allowed || rq->exit_signal > SIGNAL_NR)
		return -EINVAL;
	/* Pid 1 has no parent that a sibling of it could have. */
	if (rq->flags & CLONE_PARENT && current_process() == init_process)
		return -EINVAL;
	return 0;
}

/* What the child process has of its own, and what it shares. */
static int process_inherit(struct process *p, struct process *parent, u64 flags)
{
	int err;

	if (flags & CLONE_VM) {
		p->mm = parent->mm;
		mm_get(p->mm);
	} else {
		err = mm_fork(parent->mm, &p->mm);
		if (err)
			return err;
	}
	if (flags & CLONE_FILES) {
		p->files = parent->files;
		files_get(p->files);
	} else {
		err = files_copy(parent->files, &p->files);
		if (err)
			return err;
	}
	p->fs = parent->fs;
	inode_get(p->fs.cwd);
	p->exe = parent->exe;
	if (p->exe)
		inode_get(p->exe);
	return 0;
}

/* A child that never ran: back goes what process_inherit() gave. */
static void process_disinherit(struct process *p)
{
	if (p->mm)
		mm_put(p->mm);
	if (p->files)
		files_put(p->files);
	if (p->fs.cwd)
		inode_put(p->fs.cwd);
	if (p->exe)
		inode_put(p->exe);
	p->mm = NULL;
	p->files = NULL;
	process_put(p);
}

static void task_inherit_policy(struct task *t, const struct task *me)
{
	t->timer_slack = me->timer_slack;
	if (me->policy_reset)
		return;
	t->policy = me->policy;
	t->nice = me->nice;
}

/* The child continues where the caller is, with 0 as the result. */
static int task_copy_machine(struct task *t, const struct clone_request *rq)
{
	struct task *me = current_task();
	struct trap_frame *tf = thread_user_frame(&t->thread);
	int err;

	*tf = *syscall_frame();
	tf_set_return(tf, 0);
	if (rq->stack)
		tf_set_sp(tf, rq->stack);
	err = thread_machine_fork(&t->thread.machine, &me->thread.machine, tf);
	if (err)
		return err;
	if (rq->flags & CLONE_SETTLS)
		thread_machine_set_tls(&t->thread.machine, rq->tls);
	t->signals.blocked = me->signals.blocked;
	task_inherit_policy(t, me);
	if (!(rq->flags & CLONE_VM) || rq->flags & CLONE_VFORK) {
		t->signals.alt_sp = me->signals.alt_sp;
		t->signals.alt_size = me->signals.alt_size;
		t->signals.alt_flags = me->signals.alt_flags;
	}
	return 0;
}

/* Tells the ids where the program wants them; bad pointers are its own loss. */
static void task_store_tids(struct task *t, const struct clone_request *rq)
{
	struct process *p = t->process;
	u32 tid = (u32)t->tid;

	if (rq->flags & CLONE_CHILD_CLEARTID)
		t->clear_tid = rq->child_tid;
	if (rq->flags & CLONE_CHILD_SETTID)
		mm_write(p->mm, user_addr(rq->child_tid), &tid, sizeof(tid));
	if (rq->flags & CLONE_PARENT_SETTID &&
	    put_user((s32)tid, rq->parent_tid))
		return;
}

/* vfork: the child lives in our space; wait until it has its own. */
static void vfork_wait_for(struct process *child)
{
	wait_event_unkillable(&child->vfork_wait, READ_ONCE(child->vfork_done));
}

/**
 * vfork_release() - the space is free again: let the vfork parent go on
 *
 * Called by exec and exit of the child. Context: thread.
 */
void vfork_release(struct process *p)
{
	WRITE_ONCE(p->vfork_done, true);
	wait_wake_all(&p->vfork_wait);
}

static long clone_start_process(struct process *p, struct task *t,
				const struct clone_request *rq)
{
	int pid = t->tid;

	trace(fork, current_process()->pid, pid);
	if (rq->flags & CLONE_VFORK)
		process_get(p);
	thread_start(&t->thread);
	if (rq->flags & CLONE_VFORK) {
		vfork_wait_for(p);
		process_put(p);
	}
	return pid;
}

static long clone_process(const struct clone_request *rq)
{
	struct process *me = current_process(), *p;
	bool sibling = rq->flags & CLONE_PARENT;
	struct task *t;
	int err;

	err = process_create(me, &p);
	if (err)
		return err;
	p->exit_signal = sibling ? me->exit_signal : rq->exit_signal;
	if (rq->flags & CLONE_CLEAR_SIGHAND)
		signal_state_reset(&p->signals);
	err = process_inherit(p, me, rq->flags);
	if (err)
		goto drop_process;
	err = task_create(p, current_task()->comm, rq->tid, &t);
	if (err)
		goto drop_process;
	str_copy(p->comm, t->comm, sizeof(p->comm));
	err = task_copy_machine(t, rq);
	if (err)
		goto drop_task;
	err = process_publish(p, me, sibling, t);
	if (err)
		goto drop_task;
	mm_use(&t->thread, p->mm);
	task_store_tids(t, rq);
	process_put(p);                 /* table and task hold theirs */
	return clone_start_process(p, t, rq);

drop_task:
	task_free(t);
drop_process:
	process_disinherit(p);
	return err;
}

/* Into the group, unless it is about to end. */
static int task_join_group(struct task *t)
{
	struct process *p = t->process;
	u64 flags = spin_lock_irq(&tasks_lock);
	int err = 0;

	spin_lock(&p->signals.lock);
	if (p->exiting || p->exec_task) {
		err = -EINTR;
	} else {
		list_push_back(&p->tasks, &t->group_node);
		p->nr_tasks++;
	}
	spin_unlock(&p->signals.lock);
	spin_unlock_irq(&tasks_lock, flags);
	return err;
}

static long clone_thread(const struct clone_request *rq)
{
	struct process *p = current_process();
	struct task *t;
	int err, tid;

	err = task_create(p, current_task()->comm, rq->tid, &t);
	if (err)
		return err;
	err = task_copy_machine(t, rq);
	if (!err)
		err = task_join_group(t);
	if (err) {
		task_free(t);
		return err;
	}
	mm_use(&t->thread, p->mm);
	task_store_tids(t, rq);
	tid = t->tid;
	thread_start(&t->thread);
	return tid;
}

static long clone_run(const struct clone_request *rq)
{
	int err = clone_check(rq);

	if (err)
		return err;
	return rq->flags & CLONE_THREAD ? clone_thread(rq) : clone_process(rq);
}

/** sys_fork() - fork(2). -EAGAIN, -ENOMEM. */
long sys_fork(SYSCALL_ARGS)
{
	struct clone_request rq = { .exit_signal = SIGCHLD };

	return clone_run(&rq);
}

/**
 * sys_vfork() - vfork(2): shares the space, returns after the child's exec
 * or exit.
 */
long sys_vfork(SYSCALL_ARGS)
{
	struct clone_request rq = { .flags = CLONE_VM | CLONE_VFORK,
				    .exit_signal = SIGCHLD };

	return clone_run(&rq);
}

/** sys_clone() - clone(2); the order of the last arguments is the machine's. */
long sys_clone(SYSCALL_ARGS)
{
	const u64 arg[] = { a0, a1, a2, a3, a4, a5 };
	struct clone_request rq = {
		.flags = (u32)a0 & ~CSIGNAL,
		.exit_signal = (int)(a0 & CSIGNAL),
		.stack = a1,
		.tls = arg[ABI_CLONE_TLS],
		.parent_tid = (s32 __user *)a2,
		.child_tid = (u32 __user *)arg[ABI_CLONE_CTID],
	};

	return clone_run(&rq);
}

struct clone_args_user {                /* clone3(2), third version */
	u64 flags, pidfd, child_tid, parent_tid, exit_signal, stack,
		stack_size, tls;
	u64 set_tid, set_tid_size;      /* second version */
	u64 cgroup;                     /* third: CLONE_INTO_CGROUP only */
};
#define CLONE_ARGS_MIN offsetof(struct clone_args_user, set_tid)

/* The size bytes that the caller knows; those that we do not know must be 0. */
static int clone_args_from_user(struct clone_args_user *args,
				const u8 __user *uargs, u64 size)
{
	u8 rest;

	if (size > PAGE_SIZE)
		return -E2BIG;
	if (size < CLONE_ARGS_MIN)
		return -EINVAL;
	for (u64 i = sizeof(*args); i < size; i++) {
		if (get_user(rest, uargs + i))
			return -EFAULT;
		if (rest)
			return -E2BIG;
	}
	memset(args, 0, sizeof(*args));
	return copy_from_user(args, uargs, MIN(size, sizeof(*args)));
}

/* The number that the child must have: one, as there is one name space. */
static int clone_tid_from_user(const struct clone_args_user *args, int *tid)
{
	if (!args->set_tid != !args->set_tid_size || args->set_tid_size > 1)
		return -EINVAL;
	if (!args->set_tid)
		return 0;
	if (get_user(*tid, (const s32 __user *)args->set_tid))
		return -EFAULT;
	return *tid > 0 ? 0 : -EINVAL;
}

/** sys_clone3() - clone3(2): struct and size. */
long sys_clone3(SYSCALL_ARGS)
{
	struct clone_args_user args;
	struct clone_request rq;
	int err, tid = 0;

	err = clone_args_from_user(&args, (const u8 __user *)a0, a1);
	if (!err)
		err = clone_tid_from_user(&args, &tid);
	if (err)
		return err;
	if (args.flags & (CSIGNAL | CLONE_DETACHED) ||
	    args.exit_signal > SIGNAL_NR || !args.stack != !args.stack_size ||
	    (args.flags & (CLONE_THREAD | CLONE_PARENT) && args.exit_signal))
		return -EINVAL;
	rq = (struct clone_request){
		.flags = args.flags,
		.exit_signal = (int)args.exit_signal,
		.stack = args.stack + args.stack_size,
		.tls = args.tls,
		.parent_tid = (s32 __user *)args.parent_tid,
		.child_tid = (u32 __user *)args.child_tid,
		.tid = tid,
	};
	return clone_run(&rq);
}
