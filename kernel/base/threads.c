/* SPDX-License-Identifier: MIT */
/*
 * The life of a thread: made, listed, ended, given back.
 *
 * A kernel thread needs one allocation, its stack; its struct lies on top:
 *
 *	stack + KERNEL_STACK_SIZE ─► ┌───────────────┐
 *	                             │ struct thread │
 *	               stack_top ──► ├───────────────┤
 *	                             │ frames  ▼     │
 *	                   stack ──► └───────────────┘ guard page below
 *
 * A user task's struct thread is embedded in its struct task, and the top of
 * its stack is the trap frame of user mode (thread_user_frame).
 *
 * Nobody can free the stack that he stands on: thread_exit() leaves the dead
 * thread to the CPU's next thread (sched_switched), which passes it on to the
 * thread "reaper": giving a stack back may sleep.
 *
 * Invariants:
 *  [H1] a thread is on all_threads from thread_prepare to thread_release;
 *  [H2] dead threads are on reap_list or in the reaper's hand, counted by
 *       reap_pending.
 */
#include "arch/trap.h"
#include "kernel/base/spinlock.h"
#include "kernel/base/panic.h"
#include "kernel/base/runqueue.h"
#include "kernel/base/sched.h"
#include "kernel/base/wait.h"
#include "lib/errno.h"
#include "lib/string.h"

vaddr_t (*kstack_alloc)(void);
void (*kstack_free)(vaddr_t stack);

static struct spinlock threads_lock = SPINLOCK_INIT(RANK_THREADS);
static struct list_node all_threads = LIST_INIT(all_threads);
static int last_kernel_id;              /* [atomic] kernel threads count down */

static struct spinlock reap_lock = SPINLOCK_INIT(RANK_THREADS);
static struct list_node reap_list = LIST_INIT(reap_list);
static u32 reap_pending;                /* dead, not yet released [atomic] */
static struct wait_queue reap_work = WAIT_QUEUE_INIT(reap_work);
static struct wait_queue reap_done = WAIT_QUEUE_INIT(reap_done);

/** thread_list_add() - make t visible to thread_for_each(). Context: any. */
void thread_list_add(struct thread *t)
{
	u64 flags = spin_lock_irq(&threads_lock);

	list_push_back(&all_threads, &t->all_node);
	spin_unlock_irq(&threads_lock, flags);
}

static void thread_list_remove(struct thread *t)
{
	u64 flags = spin_lock_irq(&threads_lock);

	list_remove(&t->all_node);
	spin_unlock_irq(&threads_lock, flags);
}

/** thread_for_each() - fn(t, arg) for every thread, under the list's lock. */
void thread_for_each(void (*fn)(struct thread *t, void *arg), void *arg)
{
	struct thread *t;
	u64 flags = spin_lock_irq(&threads_lock);

	list_for_each(t, &all_threads, all_node)
		fn(t, arg);
	spin_unlock_irq(&threads_lock, flags);
}

static void thread_setup(struct thread *t, const char *name, vaddr_t stack)
{
	t->stack = stack;
	t->state = THREAD_SLEEPING;
	t->cpu = this_cpu_read(cpu_number);
	t->affinity = current_thread()->affinity;
	str_copy(t->name, name, sizeof(t->name));
	thread_list_add(t);
}

/**
 * thread_prepare() - stack and bookkeeping of a thread whose struct is given
 *
 * t is zeroed; the caller sets its machine state, then thread_start().
 * Context: thread, may sleep. Return: 0 or -ENOMEM.
 */
int thread_prepare(struct thread *t, const char *name)
{
	vaddr_t stack = kstack_alloc();

	if (!stack)
		return -ENOMEM;
	thread_setup(t, name, stack);
	return 0;
}

/* The first code of a kernel thread; interrupts are off. */
static void thread_begin(void *arg)
{
	struct thread *t = arg;

	sched_switched();
	irq_enable();
	t->entry(t->arg);
	thread_exit();
}

/**
 * thread_create() - a kernel thread that will run entry(arg)
 *
 * Context: thread, may sleep.
 * Return: 0 with *out set (not yet started: thread_start), or -ENOMEM.
 */
int thread_create(struct thread **out, const char *name,
		  void (*entry)(void *arg), void *arg)
{
	vaddr_t stack = kstack_alloc(), top;
	struct thread *t;

	if (!stack)
		return -ENOMEM;
	top = ALIGN_DOWN(stack + KERNEL_STACK_SIZE - sizeof(*t), 64);
	t = (struct thread *)top;
	memset(t, 0, sizeof(*t));
	t->entry = entry;
	t->arg = arg;
	t->id = __atomic_sub_fetch(&last_kernel_id, 1, __ATOMIC_RELAXED);
	thread_setup(t, name, stack);
	thread_machine_init(&t->machine, top, thread_begin, t);
	*out = t;
	return 0;
}

/**
 * thread_start() - a prepared thread may run. Context: any.
 */
void thread_start(struct thread *t)
{
	thread_wake(t);
}

/**
 * thread_release() - give back the stack and machine state of t
 *
 * t was prepared and never started, or it is dead and off its stack. A kernel
 * thread's struct is gone afterwards. Context: thread, may sleep.
 */
void thread_release(struct thread *t)
{
	vaddr_t stack = t->stack;

	thread_list_remove(t);
	thread_machine_fini(&t->machine);
	if (stack)
		kstack_free(stack);
}

/** thread_user_frame() - where user mode's registers lie on t's stack. */
struct trap_frame *thread_user_frame(const struct thread *t)
{
	return (struct trap_frame *)(t->stack + KERNEL_STACK_SIZE) - 1;
}

/**
 * thread_reap() - t is dead and off its stack: have it released
 *
 * From sched_switched() on the CPU's next thread. Context: interrupts off.
 */
void thread_reap(struct thread *t)
{
	u64 flags = spin_lock_irq(&reap_lock);

	list_push_back(&reap_list, &t->run_node);
	spin_unlock_irq(&reap_lock, flags);
	wait_wake_all(&reap_work);
}

static struct thread *reap_take(void)
{
	struct thread *t = NULL;
	u64 flags = spin_lock_irq(&reap_lock);

	if (!list_empty(&reap_list)) {
		t = list_first(&reap_list, struct thread, run_node);
		list_remove(&t->run_node);
	}
	spin_unlock_irq(&reap_lock, flags);
	return t;
}

static void reaper_main(void *arg)
{
	struct thread *t;

	while (1) {
		wait_event_unkillable(&reap_work, !list_empty(&reap_list));
		while ((t = reap_take())) {
			if (t->on_dead)
				t->on_dead(t);
			else
				thread_release(t);
			__atomic_fetch_sub(&reap_pending, 1, __ATOMIC_SEQ_CST);
		}
		wait_wake_all(&reap_done);
	}
}

/** thread_reap_start() - make the thread "reaper". Context: sched_init(). */
void __init thread_reap_start(void)
{
	struct thread *reaper;

	if (thread_create(&reaper, "reaper", reaper_main, NULL))
		panic("sched: no memory for the reaper thread");
	thread_start(reaper);
}

/** thread_reap_wait() - until no dead thread is left. May sleep. */
void thread_reap_wait(void)
{
	wait_event_unkillable(&reap_done, !__atomic_load_n(&reap_pending,
							   __ATOMIC_SEQ_CST));
}

/** thread_exit() - the calling thread ends; it holds no lock. */
void thread_exit(void)
{
	if (QUIRE_DEBUG)
		lock_debug_sleep("thread_exit");
	__atomic_fetch_add(&reap_pending, 1, __ATOMIC_SEQ_CST);
	sched_die();
}
