/* SPDX-License-Identifier: MIT */
/*
 * Processes: the pid table, the family tree, references.
 *
 *      pid ─► radix tree ─► struct process
 *                            │ parent ▲
 *                            └ children (siblings linked)
 *
 * A process is in the table and in its parent's list of children from
 * process_publish() (fork) until process_unlink_locked() (wait4 has seen the
 * zombie). Whoever keeps a pointer across tasks_lock holds a reference; the
 * struct goes with the last one.
 *
 * Invariants, while tasks_lock is held:
 *  [R1] every process in the table but pid 1 has a parent, is in exactly that
 *       parent's list of children, and ppid is the parent's pid;
 *  [R2] nr_tasks is the length of the list of tasks; a zombie has none;
 *  [R3] a zombie has neither mm nor files.
 */
#include "kernel/task/task.h"

#include "kernel/base/panic.h"
#include "kernel/base/sampler.h"
#include "kernel/task/signal.h"
#include "lib/errno.h"
#include "lib/radix.h"
#include "lib/string.h"
#include "mm/frames/slab.h"

struct spinlock tasks_lock = SPINLOCK_INIT(RANK_TASKS);
struct process *init_process;

static struct kmem_cache *process_cache;
static struct kmem_cache *pid_node_cache;

static struct radix_node *pid_node_alloc(void)
{
	struct radix_node *n = kmem_cache_alloc(pid_node_cache, GFP_ATOMIC);

	if (n)
		memset(n, 0, sizeof(*n));
	return n;
}

static void pid_node_free(struct radix_node *node)
{
	kmem_cache_free(pid_node_cache, node);
}

static struct radix_tree pid_table = {  /* [tasks_lock] */
	.node_alloc = pid_node_alloc,
	.node_free = pid_node_free,
};

/** process_init() - the caches. Context: boot, from task_init(). */
void process_init(void)
{
	process_cache = kmem_cache_create("process", sizeof(struct process), 0,
					  CACHE_PANIC, NULL);
	pid_node_cache = kmem_cache_create("pid_node",
					   sizeof(struct radix_node), 0,
					   CACHE_PANIC, NULL);
}

static void process_set_limits(struct process *p)
{
	for (int i = 0; i < RLIMIT_NR; i++)
		p->rlimit[i] = (struct rlimit){ RLIM_INFINITY, RLIM_INFINITY };
	p->rlimit[RLIMIT_STACK].cur = MIB(8);
	p->rlimit[RLIMIT_CORE].cur = 0;
	p->rlimit[RLIMIT_NOFILE] = (struct rlimit){ 1024, 4096 };
	p->rlimit[RLIMIT_MEMLOCK] = (struct rlimit){ MIB(8), MIB(8) };
	p->rlimit[RLIMIT_SIGPENDING] = (struct rlimit){ 4096, 4096 };
	p->rlimit[RLIMIT_NICE] = (struct rlimit){ 0, 0 };
	p->rlimit[RLIMIT_RTPRIO] = (struct rlimit){ 0, 0 };
}

static void process_init_lists(struct process *p)
{
	p->refs = 1;
	list_init(&p->children);
	list_init(&p->sibling);
	list_init(&p->tasks);
	wait_queue_init(&p->wait_children);
	wait_queue_init(&p->stop_wait);
	wait_queue_init(&p->vfork_wait);
}

/* Who it is, and the switches of prctl(2) that fork copies. */
static void process_inherit_identity(struct process *p, struct process *parent)
{
	u64 flags = spin_lock_irq(&tasks_lock);

	p->cred = parent->cred;
	groups_get(p->cred.groups);
	spin_unlock_irq(&tasks_lock, flags);
	p->no_new_privs = parent->no_new_privs;
	p->keep_caps = parent->keep_caps;
	p->thp_disable = parent->thp_disable;
	p->dumpable = parent->dumpable;
	p->personality = parent->personality;
}

/**
 * process_create() - a process struct, not yet known to anybody
 *
 * parent: whose limits, credentials and handlers it inherits; NULL for the
 * first. Address space, files and directories are the caller's to fill in.
 *
 * Context: thread. Return: 0 with one reference in *out, or -ENOMEM.
 */
int process_create(struct process *parent, struct process **out)
{
	struct process *p = kmem_cache_alloc(process_cache, GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	memset(p, 0, offsetof(struct process, signals));
	memset(&p->rlimit, 0, sizeof(*p) - offsetof(struct process, rlimit));
	process_init_lists(p);
	signal_state_init(&p->signals);
	p->start_ns = timer_now();
	p->dumpable = 1;
	if (parent) {
		memcpy(p->rlimit, parent->rlimit, sizeof(p->rlimit));
		process_inherit_identity(p, parent);
		p->left_terminal = parent->left_terminal;
		p->oom_score_adj = parent->oom_score_adj;
		signal_state_copy(&p->signals, &parent->signals);
	} else {
		memset(p->signals.action, 0, sizeof(p->signals.action));
		process_set_limits(p);
		p->cred.cap_effective = p->cred.cap_permitted = CAP_ALL;
	}
	*out = p;
	return 0;
}

/**
 * process_publish() - let p be found: table, tree, its first task
 *
 * leader's tid becomes the pid; maker's group and session are inherited. maker
 * becomes its parent (NULL: the first process), or, for a sibling, maker's own
 * parent of this moment. The table's reference is added.
 *
 * Context: thread. Return: 0 or -ENOMEM without a change.
 */
int process_publish(struct process *p, struct process *maker, bool sibling,
		    struct task *leader)
{
	u64 flags = spin_lock_irq(&tasks_lock);
	struct process *parent = sibling ? maker->parent : maker;
	int err = radix_insert(&pid_table, (u64)leader->tid, p);

	if (!err) {
		process_get(p);
		p->pid = leader->tid;
		p->pgid = maker ? maker->pgid : p->pid;
		p->sid = maker ? maker->sid : p->pid;
		p->parent = parent;
		p->ppid = parent ? parent->pid : 0;
		if (parent)
			list_push_back(&parent->children, &p->sibling);
		list_push_back(&p->tasks, &leader->group_node);
		p->nr_tasks = 1;
	}
	spin_unlock_irq(&tasks_lock, flags);
	return err;
}

/**
 * process_unlink_locked() - the zombie was waited for: out of table and tree
 *
 * The caller drops the table's reference and frees the pid afterwards.
 * Context: tasks_lock.
 */
void process_unlink_locked(struct process *p)
{
	assert(p->zombie);
	list_remove_init(&p->sibling);
	radix_remove(&pid_table, (u64)p->pid);
	p->parent = NULL;
}

/** process_get() - one more reference. Context: any. */
void process_get(struct process *p)
{
	__atomic_fetch_add(&p->refs, 1, __ATOMIC_RELAXED);
}

/**
 * process_put() - drop a reference; the last one frees the struct.
 *
 * Context: any.
 */
void process_put(struct process *p)
{
	if (__atomic_sub_fetch(&p->refs, 1, __ATOMIC_ACQ_REL))
		return;
	assert_slow(!p->mm && !p->files);
	signal_queue_free(&p->signals.shared);
	groups_put(p->cred.groups);
	kmem_cache_free(process_cache, p);
}

/**
 * process_find_locked() - the process with this pid, or NULL.
 *
 * Context: tasks_lock.
 */
struct process *process_find_locked(int pid)
{
	return pid > 0 ? radix_find(&pid_table, (u64)pid) : NULL;
}

/** process_find() - the same with a reference for the caller. Context: any. */
struct process *process_find(int pid)
{
	u64 flags = spin_lock_irq(&tasks_lock);
	struct process *p = process_find_locked(pid);

	if (p)
		process_get(p);
	spin_unlock_irq(&tasks_lock, flags);
	return p;
}

/**
 * process_next_locked() - first process with pid > *pid, or NULL.
 *
 * Context: tasks_lock.
 */
struct process *process_next_locked(int *pid)
{
	u64 index = (u64)(*pid + 1);
	struct process *p = radix_next(&pid_table, &index);

	if (p)
		*pid = (int)index;
	return p;
}

/**
 * process_next() - the same with a reference: walks all without a lock.
 *
 * Context: any.
 */
struct process *process_next(int *pid)
{
	u64 flags = spin_lock_irq(&tasks_lock);
	struct process *p = process_next_locked(pid);

	if (p)
		process_get(p);
	spin_unlock_irq(&tasks_lock, flags);
	return p;
}

/**
 * process_mm_get() - p's space with a reference, or NULL: a zombie.
 *
 * Context: any.
 */
struct mm *process_mm_get(struct process *p)
{
	u64 flags = spin_lock_irq(&tasks_lock);
	struct mm *mm = p->mm;

	if (mm)
		mm_get(mm);
	spin_unlock_irq(&tasks_lock, flags);
	return mm;
}

/** process_count() - processes, and in *nr_tasks live tasks. Context: any. */
u32 process_count(u32 *nr_tasks)
{
	u64 flags = spin_lock_irq(&tasks_lock);
	struct process *p;
	u32 nr = 0;
	int pid = 0;

	*nr_tasks = 0;
	while ((p = process_next_locked(&pid))) {
		nr++;
		*nr_tasks += p->nr_tasks;
	}
	spin_unlock_irq(&tasks_lock, flags);
	return nr;
}

/** task_times() - CPU time of one task in each mode. Context: any. */
struct cpu_times task_times(const struct task *t)
{
	u64 ran = sampler_ran(&t->thread);
	u64 kernel = MIN(cputime_kernel(&t->thread.time, ran), ran);

	return (struct cpu_times){ .user_ns = ran - kernel,
				   .kernel_ns = kernel };
}

/** cpu_times_add() - *sum += *more. */
void cpu_times_add(struct cpu_times *sum, const struct cpu_times *more)
{
	sum->user_ns += more->user_ns;
	sum->kernel_ns += more->kernel_ns;
}

/**
 * process_times_locked() - CPU time of all its tasks, dead ones too
 *
 * Context: tasks_lock.
 */
struct cpu_times process_times_locked(struct process *p)
{
	struct cpu_times sum = p->dead_times, one;
	struct task *t;

	list_for_each(t, &p->tasks, group_node) {
		one = task_times(t);
		cpu_times_add(&sum, &one);
	}
	return sum;
}

/** process_times() - the same without the lock. Context: any. */
struct cpu_times process_times(struct process *p)
{
	u64 flags = spin_lock_irq(&tasks_lock);
	struct cpu_times sum = process_times_locked(p);

	spin_unlock_irq(&tasks_lock, flags);
	return sum;
}

/** process_cpu_ns() - the same in both modes together, in ns. Context: any. */
u64 process_cpu_ns(struct process *p)
{
	struct cpu_times times = process_times(p);

	return times.user_ns + times.kernel_ns;
}

/** task_cpu_ns() - CPU time of one task, in ns. Context: any. */
u64 task_cpu_ns(const struct task *t)
{
	return sampler_ran(&t->thread);
}
