/* SPDX-License-Identifier: MIT */
/*
 * Futexes: a thread sleeps while a word of user memory has a value, and
 * whoever changes the word wakes it. [Drepper11]
 *
 *      key (space or file, place) ─hash─► bucket ─► waiters, first come first
 *
 * A private futex is named by (address space, address); a shared one in a
 * shared file mapping by (file, offset), so that processes that map the file at
 * different places meet.
 *
 * futex_wait puts itself on the bucket first and looks at the word then: a
 * waker that changes the word before the look is seen by the look, one that
 * changes it after finds the waiter. No user memory is touched under a lock.
 *
 * Invariants:
 *  [X1] w->bucket is the bucket whose list holds w, changed under that
 *       bucket's lock; NULL: woken, or (moving) on its way to another;
 *  [X2] a waiter leaves its stack frame only after futex_leave(), which has
 *       taken the bucket's lock after the last waker let it go.
 */
#include "kernel/task/futex.h"

#include "kernel/task/deadline.h"
#include "kernel/task/syscall.h"
#include "kernel/task/task.h"
#include "mm/spaces/uaccess.h"

enum {
	FUTEX_WAIT = 0,
	FUTEX_WAKE = 1,
	FUTEX_REQUEUE = 3,
	FUTEX_CMP_REQUEUE = 4,
	FUTEX_WAKE_OP = 5,
	FUTEX_WAIT_BITSET = 9,
	FUTEX_WAKE_BITSET = 10,
	FUTEX_PRIVATE_FLAG = 128,
	FUTEX_CLOCK_REALTIME = 256,
};
#define FUTEX_OP_MASK  (~(u32)(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME))
#define FUTEX_ANY_BITS (~(u32)0)

#define FUTEX_OWNER_DIED 0x40000000u
#define FUTEX_WAITERS    0x80000000u
#define FUTEX_TID_MASK   0x3fffffffu

#define FUTEX_BUCKETS 64

struct futex_key {
	const void *space;              /* struct mm, or struct mapping */
	u64 place;                      /* address, or offset in the file */
};

struct futex_bucket {
	struct spinlock lock;
	struct list_node waiters;       /* [lock] struct futex_waiter.node */
};

struct futex_waiter {
	struct list_node node;          /* [bucket->lock] */
	struct futex_bucket *bucket;    /* see [X1] */
	bool moving;                    /* between two buckets */
	struct futex_key key;
	u32 bits;
	struct wait_queue queue;        /* where its thread sleeps */
};

static struct futex_bucket futex_buckets[FUTEX_BUCKETS];

/** futex_init() - empty buckets. Boot. */
void futex_init(void)
{
	for (int i = 0; i < FUTEX_BUCKETS; i++) {
		spin_init(&futex_buckets[i].lock, RANK_FUTEX);
		list_init(&futex_buckets[i].waiters);
	}
}

static struct futex_bucket *futex_bucket_of(const struct futex_key *key)
{
	u64 h = ((u64)(uintptr_t)key->space ^ key->place) *
		0x9e3779b97f4a7c15ull;

	return &futex_buckets[h >> 58];
}
static_assert(FUTEX_BUCKETS == 1 << (64 - 58), "futex_bucket_of");

static bool futex_key_equal(const struct futex_key *a,
			    const struct futex_key *b)
{
	return a->space == b->space && a->place == b->place;
}

/* 0, -EINVAL (misaligned), -EFAULT (outside the user half; shared: in a hole). */
static int futex_key_of(const u32 __user *word, bool shared,
			struct futex_key *key)
{
	vaddr_t va = (__force vaddr_t)word;
	struct mm *mm = current_thread()->mm;
	struct vma *vma;

	if (va % sizeof(u32))
		return -EINVAL;
	if (!user_range_ok(word, sizeof(u32)))
		return -EFAULT;
	*key = (struct futex_key){ mm, va };
	if (!shared)
		return 0;
	read_lock(&mm->lock);
	va = user_addr(word);
	vma = vma_find(mm, va);
	if (vma && va < vma->start)
		vma = NULL;
	if (vma && vma->flags & VM_SHARED && vma->mapping) {
		key->space = vma->mapping;
		key->place = vma_index(vma, va) << PAGE_SHIFT |
			     (va & (PAGE_SIZE - 1));
	}
	read_unlock(&mm->lock);
	return vma ? 0 : -EFAULT;
}

/* ---- waiting ------------------------------------------------------------- */

static void futex_enter(struct futex_waiter *w)
{
	struct futex_bucket *b = futex_bucket_of(&w->key);

	wait_queue_init(&w->queue);
	spin_lock(&b->lock);
	w->bucket = b;
	w->moving = false;
	list_push_back(&b->waiters, &w->node);
	spin_unlock(&b->lock);
}

/* Off the bucket. Return: somebody woke us (and has let go of w) [X2]. */
static bool futex_leave(struct futex_waiter *w)
{
	struct futex_bucket *b;

	while (1) {
		b = __atomic_load_n(&w->bucket, __ATOMIC_ACQUIRE);
		if (!b) {
			if (!__atomic_load_n(&w->moving, __ATOMIC_ACQUIRE))
				break;
			cpu_relax();
			continue;
		}
		spin_lock(&b->lock);
		if (w->bucket == b) {
			list_remove(&w->node);
			spin_unlock(&b->lock);
			return false;
		}
		spin_unlock(&b->lock);
	}
	b = futex_bucket_of(&w->key);
	spin_lock(&b->lock);
	spin_unlock(&b->lock);
	return true;
}

/* Context: the bucket's lock. */
static void futex_wake_waiter(struct futex_waiter *w)
{
	list_remove(&w->node);
	__atomic_store_n(&w->bucket, NULL, __ATOMIC_RELEASE);
	wait_wake_all(&w->queue);
}

static bool futex_still_waits(struct futex_waiter *w)
{
	return __atomic_load_n(&w->bucket, __ATOMIC_ACQUIRE) ||
	       __atomic_load_n(&w->moving, __ATOMIC_ACQUIRE);
}

static long futex_wait(u32 __user *word, bool shared, u32 value, u32 bits,
		       u64 deadline)
{
	struct futex_waiter w = { .bits = bits };
	u32 seen;
	int err;

	if (!bits)
		return -EINVAL;
	err = futex_key_of(word, shared, &w.key);
	if (err)
		return err;
	futex_enter(&w);
	err = get_user(seen, word);
	if (!err && seen != value)
		err = -EAGAIN;
	if (!err)
		err = wait_event_until(&w.queue, !futex_still_waits(&w), true,
				       deadline);
	if (futex_leave(&w))
		return 0;
	if (err != -EINTR)
		return err;
	if (deadline == ~(u64)0)
		return -ERESTARTSYS;
	deadline_keep(deadline);
	return -ERESTART_RESTARTBLOCK;
}

/* ---- waking -------------------------------------------------------------- */

static long futex_wake(const struct futex_key *key, u32 nr, u32 bits)
{
	struct futex_bucket *b = futex_bucket_of(key);
	struct futex_waiter *w, *tmp;
	long woken = 0;

	spin_lock(&b->lock);
	list_for_each_safe(w, tmp, &b->waiters, node) {
		if (woken >= (long)nr)
			break;
		if (!futex_key_equal(&w->key, key) || !(w->bits & bits))
			continue;
		futex_wake_waiter(w);
		woken++;
	}
	spin_unlock(&b->lock);
	return woken;
}

/** futex_wake_word() - wake up to nr waiters on the word. Context: thread. */
long futex_wake_word(u32 __user *word, bool shared, u32 nr)
{
	struct futex_key key;
	int err = futex_key_of(word, shared, &key);

	return err ? err : futex_wake(&key, nr, FUTEX_ANY_BITS);
}

/* Up to nr waiters on from wait on to instead. The move goes through a list
 * of our own, so that never two buckets are locked; preemption is off, or a
 * waiter that leaves meanwhile would spin on us. */
static long futex_move(const struct futex_key *from, const struct futex_key *to,
		       u32 nr)
{
	struct futex_bucket *a = futex_bucket_of(from);
	struct futex_bucket *b = futex_bucket_of(to);
	struct list_node moving = LIST_INIT(moving);
	struct futex_waiter *w, *tmp;
	long moved = 0;

	preempt_disable();
	spin_lock(&a->lock);
	list_for_each_safe(w, tmp, &a->waiters, node) {
		if (moved >= (long)nr)
			break;
		if (!futex_key_equal(&w->key, from))
			continue;
		list_remove(&w->node);
		__atomic_store_n(&w->moving, true, __ATOMIC_RELEASE);
		__atomic_store_n(&w->bucket, NULL, __ATOMIC_RELEASE);
		list_push_back(&moving, &w->node);
		moved++;
	}
	spin_unlock(&a->lock);
	spin_lock(&b->lock);
	list_for_each_safe(w, tmp, &moving, node) {
		list_remove(&w->node);
		list_push_back(&b->waiters, &w->node);
		w->key = *to;
		__atomic_store_n(&w->bucket, b, __ATOMIC_RELEASE);
		__atomic_store_n(&w->moving, false, __ATOMIC_RELEASE);
	}
	spin_unlock(&b->lock);
	preempt_enable();
	return moved;
}

static long futex_requeue(u32 __user *word, bool shared, u32 nr_wake,
			  u32 nr_move, u32 __user *word2, const u32 *expected)
{
	struct futex_key from, to;
	long woken;
	u32 seen;
	int err;

	if ((s32)nr_wake < 0 || (s32)nr_move < 0)
		return -EINVAL;
	err = futex_key_of(word, shared, &from);
	if (!err)
		err = futex_key_of(word2, shared, &to);
	if (err)
		return err;
	if (expected) {
		if (get_user(seen, word))
			return -EFAULT;
		if (seen != *expected)
			return -EAGAIN;
	}
	woken = futex_wake(&from, nr_wake, FUTEX_ANY_BITS);
	return woken + (futex_key_equal(&from, &to)
				? 0
				: futex_move(&from, &to, nr_move));
}

/* ---- FUTEX_WAKE_OP -------------------------------------------------------- */

enum { WAKE_OP_SET, WAKE_OP_ADD, WAKE_OP_OR, WAKE_OP_ANDN, WAKE_OP_XOR };
enum { WAKE_CMP_EQ, WAKE_CMP_NE, WAKE_CMP_LT, WAKE_CMP_LE, WAKE_CMP_GT,
       WAKE_CMP_GE };

/* The third value: what to do to the second word, and whether to wake there. */
struct wake_op {
	u32 op, cmp;
	s32 with, against;
};

/* op:4, compare:4, operand:12, compared value:12; operands are signed. */
static int wake_op_decode(u32 code, struct wake_op *w)
{
	bool shift = code >> 31;        /* 1 << operand instead */

	*w = (struct wake_op){
		.op = code >> 28 & 7,
		.cmp = code >> 24 & 15,
		.with = (s32)(code << 8) >> 20,
		.against = (s32)(code << 20) >> 20,
	};
	if (w->op > WAKE_OP_XOR || w->cmp > WAKE_CMP_GE)
		return -ENOSYS;
	if (shift)
		w->with = (s32)(1u << (w->with & 31));
	return 0;
}

static u32 wake_op_apply(const struct wake_op *w, u32 old)
{
	switch (w->op) {
	case WAKE_OP_SET:
		return (u32)w->with;
	case WAKE_OP_ADD:
		return old + (u32)w->with;
	case WAKE_OP_OR:
		return old | (u32)w->with;
	case WAKE_OP_ANDN:
		return old & ~(u32)w->with;
	default:
		return old ^ (u32)w->with;
	}
}

static bool wake_op_compare(const struct wake_op *w, s32 old)
{
	switch (w->cmp) {
	case WAKE_CMP_EQ:
		return old == w->against;
	case WAKE_CMP_NE:
		return old != w->against;
	case WAKE_CMP_LT:
		return old < w->against;
	case WAKE_CMP_LE:
		return old <= w->against;
	case WAKE_CMP_GT:
		return old > w->against;
	default:
		return old >= w->against;
	}
}

/* Changes the word in one step; its old value to *old. 0, -EFAULT. */
static int wake_op_run(const struct wake_op *w, u32 __user *word, u32 *old)
{
	u32 seen, now;

	if (get_user(seen, word))
		return -EFAULT;
	do {
		now = seen;
		if (arch_cmpxchg_user(word, now, wake_op_apply(w, now), &seen))
			return -EFAULT;
	} while (seen != now);
	*old = now;
	return 0;
}

static long futex_wake_op(u32 __user *word, bool shared, u32 nr,
			  u32 __user *word2, u32 nr2, u32 code)
{
	struct futex_key key, key2;
	struct wake_op w;
	long woken;
	u32 old;
	int err = futex_key_of(word, shared, &key);

	if (!err)
		err = futex_key_of(word2, shared, &key2);
	if (!err)
		err = wake_op_decode(code, &w);
	if (!err)
		err = wake_op_run(&w, word2, &old);
	if (err)
		return err;
	woken = futex_wake(&key, MAX(nr, 1u), FUTEX_ANY_BITS);
	if (wake_op_compare(&w, (s32)old))
		woken += futex_wake(&key2, MAX(nr2, 1u), FUTEX_ANY_BITS);
	return woken;
}

/* ---- the system calls ---------------------------------------------------- */

/* FUTEX_WAIT's time is relative, FUTEX_WAIT_BITSET's absolute. */
static int futex_deadline(u32 op, u64 utime, u64 *deadline)
{
	const void __user *uts = (const void __user *)utime;

	*deadline = ~(u64)0;
	if (!uts)
		return 0;
	if ((op & FUTEX_OP_MASK) == FUTEX_WAIT)
		return deadline_from_user(uts, deadline);
	return deadline_from_absolute(uts, op & FUTEX_CLOCK_REALTIME, deadline);
}

/**
 * sys_futex() - futex(2): WAIT, WAKE, their BITSET forms, WAKE_OP, REQUEUE,
 * CMP_REQUEUE.
 */
long sys_futex(SYSCALL_ARGS)
{
	u32 __user *word = (u32 __user *)a0, *word2 = (u32 __user *)a4;
	u32 op = (u32)a1, value = (u32)a2, value3 = (u32)a5;
	bool shared = !(op & FUTEX_PRIVATE_FLAG);
	struct futex_key key;
	u64 deadline;
	int err;

	/* Which clock is a question for WAIT_BITSET alone. */
	if (op & FUTEX_CLOCK_REALTIME &&
	    (op & FUTEX_OP_MASK) != FUTEX_WAIT_BITSET)
		return -ENOSYS;
	switch (op & FUTEX_OP_MASK) {
	case FUTEX_WAIT:
		value3 = FUTEX_ANY_BITS;
		/* fall through */
	case FUTEX_WAIT_BITSET:
		err = futex_deadline(op, a3, &deadline);
		return err ? err
			   : futex_wait(word, shared, value, value3, deadline);
	case FUTEX_WAKE:
		value3 = FUTEX_ANY_BITS;
		/* fall through */
	case FUTEX_WAKE_BITSET:
		err = value3 ? futex_key_of(word, shared, &key) : -EINVAL;
		return err ? err : futex_wake(&key, MAX(value, 1u), value3);
	case FUTEX_REQUEUE:
		return futex_requeue(word, shared, value, (u32)a3, word2, NULL);
	case FUTEX_WAKE_OP:
		return futex_wake_op(word, shared, value, word2, (u32)a3,
				     value3);
	case FUTEX_CMP_REQUEUE:
		return futex_requeue(word, shared, value, (u32)a3, word2,
				     &value3);
	default:
		return -ENOSYS;
	}
}

/* ---- the end of a task --------------------------------------------------- */

struct robust_list_head {               /* set_robust_list(2) */
	u64 next;
	s64 offset;                     /* from an entry to its futex word */
	u64 pending;
};

#define ROBUST_LIST_MAX 2048            /* a circle of user memory ends here */

/* The mutex at word was held by the dying task: hand it on. */
static void robust_release(u32 __user *word, u32 tid)
{
	u32 seen, now;

	if ((__force vaddr_t)word % sizeof(u32) ||
	    !user_range_ok(word, sizeof(u32)) || get_user(seen, word))
		return;
	do {
		now = seen;
		if ((now & FUTEX_TID_MASK) != tid)
			return;
		if (arch_cmpxchg_user(word, now,
				      (now & FUTEX_WAITERS) | FUTEX_OWNER_DIED,
				      &seen))
			return;
	} while (seen != now);
	if (now & FUTEX_WAITERS)
		futex_wake_word(word, true, 1);
}

static void robust_list_walk(struct task *t)
{
	u64 head_va = (__force u64)t->robust_list, entry, next;
	struct robust_list_head head;
	u32 tid = (u32)t->tid;

	if (copy_from_user(&head, t->robust_list, sizeof(head)))
		return;
	entry = head.next & ~(u64)1;
	for (int n = 0; entry != head_va && n < ROBUST_LIST_MAX; n++) {
		if (get_user(next, (const u64 __user *)entry))
			return;
		if (entry != head.pending)
			robust_release((u32 __user *)(entry + (u64)head.offset),
				       tid);
		entry = next & ~(u64)1;
	}
	if (head.pending & ~(u64)1)
		robust_release((u32 __user *)((head.pending & ~(u64)1) +
					      (u64)head.offset),
			       tid);
}

/* Can anybody else see the memory of the task that ends? */
static bool futex_space_is_shared(const struct task *t)
{
	const struct process *p = t->process;

	return p->nr_tasks > 1 || READ_ONCE(p->mm->users) > 1;
}

/**
 * futex_exit_task() - robust mutexes and the tid word of a task that ends
 *
 * Context: thread, the task itself, still in its address space.
 */
void futex_exit_task(struct task *t)
{
	u32 __user *word = t->clear_tid;

	if (t->robust_list)
		robust_list_walk(t);
	t->robust_list = NULL;
	t->clear_tid = NULL;
	if (word && futex_space_is_shared(t) && !put_user((u32)0, word))
		futex_wake_word(word, true, 1);
}

/** sys_set_robust_list() - set_robust_list(2). */
long sys_set_robust_list(SYSCALL_ARGS)
{
	if (a1 != sizeof(struct robust_list_head))
		return -EINVAL;
	current_task()->robust_list = (void __user *)a0;
	return 0;
}

#define CAP_SYS_PTRACE ((u64)1 << 19)

/* May the caller look into the task's process? As ptrace(2) would ask: with the
 * capability, or as the same user and group in all three forms. */
static bool robust_may_look(const struct task *t)
{
	const struct cred *me = &current_process()->cred;
	const struct cred *c = &t->process->cred;

	return t->process == current_process() ||
	       me->cap_effective & CAP_SYS_PTRACE ||
	       (c->uid == me->uid && c->euid == me->uid && c->suid == me->uid &&
		c->gid == me->gid && c->egid == me->gid && c->sgid == me->gid);
}

/** sys_get_robust_list() - get_robust_list(2); tid 0: of the caller. */
long sys_get_robust_list(SYSCALL_ARGS)
{
	u64 flags = spin_lock_irq(&tasks_lock), head = 0;
	struct task *t = a0 ? task_find_locked((int)a0) : current_task();
	long err = -ESRCH;

	if (t) {
		err = robust_may_look(t) ? 0 : -EPERM;
		head = (__force u64)t->robust_list;
	}
	spin_unlock_irq(&tasks_lock, flags);
	if (err)
		return err;
	if (put_user((u64)sizeof(struct robust_list_head), (u64 __user *)a2) ||
	    put_user(head, (u64 __user *)a1))
		return -EFAULT;
	return 0;
}
