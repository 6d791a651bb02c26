/* SPDX-License-Identifier: MIT */
/*
 * One task: its number, its struct, its name, its end as a thread.
 *
 *   pid_alloc ─► task_create ─► (fork.c, init.c fill it in) ─► thread_start
 *                                                                  │
 *      task_reap ◄── on another stack ◄── thread_exit ◄── task_exit ┘
 *
 * Numbers of processes and of threads come from one bitmap, next fit, so that
 * a number is not used again soon. A number stays taken while a process group
 * or a session still bears it.
 */
#include "kernel/task/task.h"

#include "kernel/task/itimer.h"
#include "lib/bitmap.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frames/slab.h"

#define PID_FIRST_REUSED 300            /* low numbers belong to the boot */

static struct kmem_cache *task_cache;

static u64 pid_map[BITMAP_WORDS(PID_MAX)] = { 1 }; /* [tasks_lock] 0: taken */
static int pid_last;                    /* [tasks_lock] */
static bool pid_reused;                 /* [tasks_lock] numbers come again */

/** task_init() - the caches of this folder. Context: boot, once. */
void task_init(void)
{
	task_cache = kmem_cache_create("task", sizeof(struct task), 64,
				       CACHE_PANIC, NULL);
	process_init();
	sigqueue_cache_init();
	itimer_init();
}

/* Does a group or a session still bear the number? Context: tasks_lock. */
static bool pid_names_group(int nr) __needs_lock(tasks_lock)
{
	struct process *p;
	int pid = 0;

	while ((p = process_next_locked(&pid)))
		if (p->pgid == nr || p->sid == nr)
			return true;
	return false;
}

static int pid_search(void) __needs_lock(tasks_lock)
{
	size_t from = (size_t)pid_last + 1;

	for (int tries = 0; tries < PID_MAX; tries++) {
		size_t nr = bitmap_find_clear(pid_map, PID_MAX, from);

		if (nr >= PID_MAX) {
			if (pid_reused && from == PID_FIRST_REUSED)
				return 0;
			pid_reused = true;
			from = PID_FIRST_REUSED;
		} else if (pid_reused && pid_names_group((int)nr)) {
			from = nr + 1;
		} else {
			return (int)nr;
		}
	}
	return 0;
}

/**
 * pid_alloc() - a free number for a process or a thread
 *
 * Context: any. Return: 0 with *out, or -EAGAIN: all are taken.
 */
int pid_alloc(int *out)
{
	u64 flags = spin_lock_irq(&tasks_lock);
	int nr = pid_search();

	if (nr) {
		bitmap_set(pid_map, (size_t)nr);
		pid_last = nr;
	}
	spin_unlock_irq(&tasks_lock, flags);
	*out = nr;
	return nr ? 0 : -EAGAIN;
}

/*
 * The very number that somebody asks for. It comes out of the order, so later searches cannot trust that order.
 * Context: thread. Return: 0; -EINVAL: no such number; -EPERM; -EEXIST: somebody
 * has it, or had it and his group is still there.
 */
static int pid_take(int nr)
{
	int err = -EEXIST;
	u64 flags;

	if (nr < 1 || nr >= PID_MAX)
		return -EINVAL;
	if (!(current_process()->cred.cap_effective & CAP_CHOOSES_PIDS))
		return -EPERM;
	flags = spin_lock_irq(&tasks_lock);
	if (!bitmap_test(pid_map, (size_t)nr) && !pid_names_group(nr)) {
		bitmap_set(pid_map, (size_t)nr);
		pid_reused = true;
		err = 0;
	}
	spin_unlock_irq(&tasks_lock, flags);
	return err;
}

/** pid_free() - give a number back. Context: any. */
void pid_free(int pid)
{
	u64 flags = spin_lock_irq(&tasks_lock);

	bitmap_clear(pid_map, (size_t)pid);
	spin_unlock_irq(&tasks_lock, flags);
}

/* The thread's stack is not in use any more: called on another one. */
static void task_reap(struct thread *thread)
{
	struct task *t = container_of(thread, struct task, thread);

	task_free(t);
}

/**
 * task_create() - a task of process p with a number and a kernel stack
 *
 * tid: the number it must have, 0: any. It belongs to no list yet and cannot run
 * yet.
 *
 * Context: thread. Return: 0 with *out; -ENOMEM; -EAGAIN: no number; -EINVAL,
 * -EPERM, -EEXIST: not that number.
 */
int task_create(struct process *p, const char *comm, int tid, struct task **out)
{
	struct task *t = kmem_cache_alloc(task_cache, GFP_KERNEL);
	int err;

	if (!t)
		return -ENOMEM;
	memset(t, 0, sizeof(*t));
	t->tid = tid;
	err = tid ? pid_take(tid) : pid_alloc(&t->tid);
	if (err)
		goto free_task;
	err = thread_prepare(&t->thread, comm);
	if (err)
		goto free_pid;
	t->thread.task = t;
	t->thread.id = t->tid;
	t->thread.on_dead = task_reap;
	signal_queue_init(&t->signals.own);
	t->signals.alt_flags = SS_DISABLE;
	t->timer_slack = TIMERSLACK_NS;
	str_copy(t->comm, comm, sizeof(t->comm));
	process_get(p);
	t->process = p;
	*out = t;
	return 0;

free_pid:
	pid_free(t->tid);
free_task:
	kmem_cache_free(task_cache, t);
	return err;
}

/**
 * task_free() - the task was never started, or its stack is free
 *
 * The number goes too, except a leader's: that is the process's until wait4.
 * Context: thread; any for a dead one.
 */
void task_free(struct task *t)
{
	struct process *p = t->process;

	thread_release(&t->thread);
	signal_queue_free(&t->signals.own);
	if (t->tid != p->pid)
		pid_free(t->tid);
	kmem_cache_free(task_cache, t);
	process_put(p);
}

/** task_set_comm() - name it, as ps shows: 15 bytes. Context: any. */
void task_set_comm(struct task *t, const char *comm)
{
	str_copy(t->comm, comm, sizeof(t->comm));
	str_copy(t->thread.name, comm, sizeof(t->thread.name));
	if (t->tid == t->process->pid)
		str_copy(t->process->comm, comm, sizeof(t->process->comm));
}
