/* SPDX-License-Identifier: MIT */
/*
 * Orphaned process groups.
 *
 *   session ┌───────────────────────────────────────────────────┐
 *           │ shell ──► job: cat │ sort     link: a parent in    │
 *           │   └─────► job: vi (stopped)   another group of     │
 *           └───────────────────────────────the same session ───┘
 *
 * A stopped job needs somebody who can continue it: a process of its session
 * outside the group, with a child in it. The last such link ends with the
 * parent, or with the child. Then the group is orphaned: if one of it is
 * stopped, all get SIGHUP and SIGCONT. From then on the terminal's stop signals
 * are ignored by default, and a read from the background fails with EIO.
 *
 * Pid 1 is no link: it continues nobody.
 *
 * Ref: [POSIX] 3.264 orphaned process group, _exit() "Consequences of process
 * termination"; setpgid(2).
 */
#include "kernel/task/jobs.h"

#include "kernel/task/signal.h"

/* Is q's parent a link into group pgid, once leaving (or NULL) is gone? */
static bool jobs_has_link(const struct process *q, int pgid,
			  const struct process *leaving)
{
	const struct process *parent;

	if (q == leaving || q->pgid != pgid || q->zombie)
		return false;
	parent = q->parent;
	return parent && parent != init_process && parent != leaving &&
	       parent->pgid != pgid && parent->sid == q->sid;
}

static bool jobs_is_orphaned_locked(int pgid, const struct process *leaving)
	__needs_lock(tasks_lock)
{
	struct process *q;
	int pid = 0;

	while ((q = process_next_locked(&pid)))
		if (jobs_has_link(q, pgid, leaving))
			return false;
	return true;
}

/** jobs_is_orphaned() - can nobody continue this group? Context: thread. */
bool jobs_is_orphaned(int pgid)
{
	u64 flags = spin_lock_irq(&tasks_lock);
	bool orphaned = jobs_is_orphaned_locked(pgid, NULL);

	spin_unlock_irq(&tasks_lock, flags);
	return orphaned;
}

static bool jobs_is_stopped(int pgid) __needs_lock(tasks_lock)
{
	struct process *q;
	int pid = 0;

	while ((q = process_next_locked(&pid)))
		if (q->pgid == pgid && !q->zombie &&
		    READ_ONCE(q->stop) == PROCESS_STOPPED)
			return true;
	return false;
}

/* The group loses a link by the end of leaving: was it the last one? */
static void jobs_lose_link(int pgid, const struct process *leaving)
	__needs_lock(tasks_lock)
{
	const struct siginfo info = { .code = SI_KERNEL };
	struct process *q;
	int pid = 0;

	if (!jobs_is_stopped(pgid) || !jobs_is_orphaned_locked(pgid, leaving))
		return;
	while ((q = process_next_locked(&pid))) {
		if (q == leaving || q->pgid != pgid || q->zombie)
			continue;
		signal_send_process(q, SIGHUP, &info);
		signal_send_process(q, SIGCONT, &info);
	}
}

/**
 * jobs_process_ends() - look at the groups that p links to their session
 *
 * Its children's groups, and its own through its parent.
 * Context: tasks_lock; p is the caller, not yet a zombie, with its children.
 */
void jobs_process_ends(struct process *p)
{
	struct process *child;

	list_for_each(child, &p->children, sibling)
		if (child->pgid != p->pgid && child->sid == p->sid)
			jobs_lose_link(child->pgid, p);
	if (p->parent && p->parent != init_process &&
	    p->parent->pgid != p->pgid && p->parent->sid == p->sid)
		jobs_lose_link(p->pgid, p);
}
