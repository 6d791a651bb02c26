/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID/status: a process in words, a "Name:\tvalue" a line, in the order
 * of Linux 6.1. There is one namespace of each kind, one memory node, and no
 * seccomp; what is never counted says 0.
 */
#include "kernel/task/procinfo.h"
#include "kernel/task/procinfo_parts.h"
#include "kernel/task/task.h"
#include "lib/format.h"

typedef unsigned long long ull;

static const char *procinfo_state_name(char state)
{
	switch (state) {
	case 'R':
		return "running";
	case 'S':
		return "sleeping";
	case 'D':
		return "disk sleep";
	case 'T':
		return "stopped";
	case 'Z':
		return "zombie";
	default:
		return "dead";
	}
}

static void status_ids(struct process *p, struct strbuf *sb)
{
	const struct cred *c = &p->cred;
	char state = procinfo_state(p);

	strbuf_printf(sb, "Name:\t%s\nUmask:\t%04o\nState:\t%c (%s)\n", p->comm,
		      p->fs.umask, state, procinfo_state_name(state));
	strbuf_printf(sb,
		      "Tgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\n"
		      "TracerPid:\t0\n",
		      p->pid, p->pid, p->ppid);
	strbuf_printf(sb, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\n",
		      c->uid, c->euid, c->suid, c->euid, c->gid, c->egid,
		      c->sgid, c->egid);
	strbuf_printf(sb, "FDSize:\t%u\nGroups:\t", p->files ? 64 : 0);
	groups_show(p, sb);
	strbuf_printf(sb,
		      "\nNStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\n",
		      p->pid, p->pid, p->pgid, p->sid);
}

static void status_signals(struct process *p, struct strbuf *sb)
{
	u64 own, blocked, ignored, caught;

	procinfo_actions(p, &ignored, &caught);
	procinfo_masks(p, &own, &blocked);
	strbuf_printf(sb, "SigQ:\t0/%llu\n",
		      (ull)p->rlimit[RLIMIT_SIGPENDING].cur);
	strbuf_printf(sb, "SigPnd:\t%016llx\nShdPnd:\t%016llx\n", (ull)own,
		      (ull)p->signals.shared.pending);
	strbuf_printf(sb,
		      "SigBlk:\t%016llx\nSigIgn:\t%016llx\nSigCgt:\t%016llx\n",
		      (ull)blocked, (ull)ignored, (ull)caught);
}

/* Kept for those who ask; every task acts as root. */
static void status_rights(struct process *p, struct strbuf *sb)
{
	const struct cred *c = &p->cred;

	strbuf_printf(sb, "CapInh:\t%016llx\nCapPrm:\t%016llx\n",
		      (ull)c->cap_inheritable, (ull)c->cap_permitted);
	strbuf_printf(sb, "CapEff:\t%016llx\nCapBnd:\t%016llx\n",
		      (ull)c->cap_effective, (ull)CAP_ALL);
	strbuf_printf(sb, "CapAmb:\t%016llx\nNoNewPrivs:\t%d\nSeccomp:\t0\n",
		      0ull, p->no_new_privs);
	strbuf_printf(sb, "Seccomp_filters:\t0\n");
}

/* The first task's mask; a zombie has none left. */
static u64 procinfo_affinity(struct process *p)
{
	u64 flags = spin_lock_irq(&tasks_lock), cpus = ~(u64)0;

	if (!list_empty(&p->tasks))
		cpus = list_first(&p->tasks, struct task, group_node)
			       ->thread.affinity;
	spin_unlock_irq(&tasks_lock, flags);
	return cpus & cpus_online;
}

/* Bits as ranges: "0-2,5". */
static void status_cpu_list(struct strbuf *sb, u64 cpus)
{
	const char *comma = "";

	for (u32 first = 0, last; first < MAX_CPUS; first = last + 1) {
		last = first;
		if (!(cpus >> first & 1))
			continue;
		while (last + 1 < MAX_CPUS && cpus >> (last + 1) & 1)
			last++;
		strbuf_printf(sb, "%s%u", comma, first);
		if (last > first)
			strbuf_printf(sb, "-%u", last);
		comma = ",";
	}
}

static void status_places(struct process *p, struct strbuf *sb)
{
	u64 cpus = procinfo_affinity(p);

	strbuf_printf(sb, "Cpus_allowed:\t%llx\nCpus_allowed_list:\t",
		      (ull)cpus);
	status_cpu_list(sb, cpus);
	strbuf_printf(sb, "\nMems_allowed:\t1\nMems_allowed_list:\t0\n");
	strbuf_printf(sb, "voluntary_ctxt_switches:\t0\n"
			  "nonvoluntary_ctxt_switches:\t0\n");
}

/** procinfo_status() - /proc/PID/status. Context: thread. */
void procinfo_status(struct process *p, struct strbuf *sb)
{
	status_ids(p, sb);
	procinfo_status_memory(p, sb);
	strbuf_printf(sb, "Threads:\t%u\n", p->nr_tasks);
	status_signals(p, sb);
	status_rights(p, sb);
	status_places(p, sb);
}
