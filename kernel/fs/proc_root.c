/* SPDX-License-Identifier: MIT */
/*
 * /proc itself: what concerns the whole system and is not memory, and the
 * directory of processes. Formats: proc(5).
 */

#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/timer.h"
#include "kernel/base/cmdline.h"
#include "kernel/base/percpu.h"
#include "kernel/base/sampler.h"
#include "kernel/base/sched.h"
#include "kernel/base/trace.h"
#include "kernel/fs/proc.h"
#include "kernel/task/release.h"
#include "kernel/task/task.h"
#include "lib/errno.h"
#include "lib/string.h"

#define NS_PER_S     1000000000ull
#define NS_PER_TICK  10000000ull        /* USER_HZ is 100 */

typedef unsigned long long ull;

/* ---- files --------------------------------------------------------------------------------- */

static int show_version(struct strbuf *sb, int pid)
{
	strbuf_printf(sb, "%s version %s (gcc %d) %s\n", QUIRE_SYSNAME,
		      QUIRE_RELEASE, __GNUC__, QUIRE_VERSION);
	return 0;
}

static int show_uptime(struct strbuf *sb, int pid)
{
	u64 up = timer_now(), idle = sched_idle_ns();

	strbuf_printf(sb, "%llu.%02llu %llu.%02llu\n", (ull)(up / NS_PER_S),
		      (ull)(up / NS_PER_TICK % 100), (ull)(idle / NS_PER_S),
		      (ull)(idle / NS_PER_TICK % 100));
	return 0;
}

/* No averages are kept: the first figure is the present moment's. */
static int show_loadavg(struct strbuf *sb, int pid)
{
	u64 running = sched_nr_runnable();
	int last = 0, next = 0;
	struct process *p;
	u32 nr_tasks;

	while ((p = process_next(&next))) {
		last = p->pid;
		process_put(p);
	}
	process_count(&nr_tasks);
	strbuf_printf(sb, "%llu.00 0.00 0.00 %llu/%u %d\n", (ull)running,
		      (ull)running, nr_tasks, last);
	return 0;
}

/* One line of CPU times: user nice system idle, and six that stay 0. */
static void show_cpu_times(struct strbuf *sb, const char *name, u64 user,
			   u64 kernel, u64 idle)
{
	strbuf_printf(sb, "%s %llu 0 %llu %llu 0 0 0 0 0 0\n", name,
		      (ull)(user / NS_PER_TICK), (ull)(kernel / NS_PER_TICK),
		      (ull)(idle / NS_PER_TICK));
}

/* The sum first, then each CPU. */
static void show_all_cpu_times(struct strbuf *sb)
{
	u64 user, kernel, idle, all_user = 0, all_kernel = 0, all_idle = 0;
	unsigned int cpu;
	char name[12];

	for (cpu = cpu_next_online(0); cpu < MAX_CPUS;
	     cpu = cpu_next_online(cpu + 1)) {
		sampler_of_cpu(cpu, &user, &kernel, &idle);
		all_user += user;
		all_kernel += kernel;
		all_idle += idle;
	}
	show_cpu_times(sb, "cpu ", all_user, all_kernel, all_idle);
	for (cpu = cpu_next_online(0); cpu < MAX_CPUS;
	     cpu = cpu_next_online(cpu + 1)) {
		sampler_of_cpu(cpu, &user, &kernel, &idle);
		fmt_snprintf(name, sizeof(name), "cpu%u", cpu);
		show_cpu_times(sb, name, user, kernel, idle);
	}
}

static int show_stat(struct strbuf *sb, int pid)
{
	show_all_cpu_times(sb);
	strbuf_printf(sb, "intr 0\nctxt %llu\nbtime %llu\nprocesses %llu\n",
		      (ull)sched_switches(),
		      (ull)(timer_wall_base() / NS_PER_S),
		      (ull)trace_total(TRACE_fork) + 1);
	strbuf_printf(sb, "procs_running %llu\nprocs_blocked 0\n",
		      (ull)sched_nr_runnable());
	return 0;
}

static int show_boot_cmdline(struct strbuf *sb, int pid)
{
	const char *args = cmdline_init_args();

	strbuf_printf(sb, "%s%s%s\n", cmdline_text(), *args ? " -- " : "",
		      args);
	return 0;
}

static int show_cpuinfo(struct strbuf *sb, int pid)
{
	char model[96];

	cpu_describe(model, sizeof(model));
	for (u32 cpu = 0; cpu < MAX_CPUS; cpu++)
		if (cpus_online >> cpu & 1)
			strbuf_printf(sb,
				      "processor\t: %u\n"
				      "model name\t: %s\nflags\t\t: %s\n\n",
				      cpu, model, mmu_features.text);
	return 0;
}

static int show_mounts(struct strbuf *sb, int pid)
{
	strbuf_printf(sb, "%s", PROC_MOUNTS);
	return 0;
}

static int show_filesystems(struct strbuf *sb, int pid)
{
	strbuf_printf(sb, "nodev\ttmpfs\nnodev\tproc\nnodev\tpipefs\n");
	return 0;
}

/* ---- sys/kernel ------------------------------------------------------------------------------ */

static int show_pid_max(struct strbuf *sb, int pid)
{
	strbuf_printf(sb, "%d\n", PID_MAX);
	return 0;
}

static int show_ostype(struct strbuf *sb, int pid)
{
	strbuf_printf(sb, "%s\n", QUIRE_SYSNAME);
	return 0;
}

static int show_osrelease(struct strbuf *sb, int pid)
{
	strbuf_printf(sb, "%s\n", QUIRE_RELEASE);
	return 0;
}

static int show_hostname(struct strbuf *sb, int pid)
{
	strbuf_printf(sb, "%s\n", QUIRE_NODENAME);
	return 0;
}

static int show_sys_version(struct strbuf *sb, int pid)
{
	strbuf_printf(sb, "%s\n", QUIRE_VERSION);
	return 0;
}

static int show_core_pattern(struct strbuf *sb, int pid)
{
	strbuf_printf(sb, "core\n");
	return 0;
}

static int show_tainted(struct strbuf *sb, int pid)
{
	strbuf_printf(sb, "0\n");
	return 0;
}

/* ---- self ------------------------------------------------------------------------------------ */

static long self_readlink(struct inode *link, char *buf, size_t size)
{
	char text[12];
	int len;

	if (!current_task())
		return -ENOENT;
	len = fmt_snprintf(text, sizeof(text), "%d", current_process()->pid);
	memcpy(buf, text, MIN((size_t)len, size));
	return (long)MIN((size_t)len, size);
}

/* ---- the directories of processes ---------------------------------------------------------- */

static int root_lookup(struct inode *dir, const char *name, size_t len,
		       struct inode **out)
{
	int pid = proc_parse_number(name, len);
	struct process *p = pid > 0 ? process_find(pid) : NULL;

	if (!p)
		return -ENOENT;
	process_put(p);
	return proc_inode_create(dir, name, len, &proc_pid_dir, pid, 0, out);
}

static int root_list(struct inode *dir, u64 cookie, dir_emit_fn *emit,
		     void *ctx)
{
	int pid = cookie > PROC_DYNAMIC_COOKIE
			  ? (int)(cookie - PROC_DYNAMIC_COOKIE)
			  : 0;
	struct process *p;
	bool more = true;

	while (more && (p = process_next(&pid))) {
		process_put(p);
		more = proc_emit_number(emit, ctx, pid, S_IFDIR);
	}
	return 0;
}

/* ---- tables ------------------------------------------------------------------------------------ */

static const struct proc_node sys_kernel_table[] = {
	PROC_FILE("core_pattern", show_core_pattern),
	PROC_FILE("hostname", show_hostname),
	PROC_FILE("osrelease", show_osrelease),
	PROC_FILE("ostype", show_ostype),
	PROC_FILE("pid_max", show_pid_max),
	PROC_FILE("tainted", show_tainted),
	PROC_FILE("version", show_sys_version),
};

static const struct proc_node sys_table[] = {
	PROC_DIR("kernel", sys_kernel_table),
	PROC_DIR("vm", proc_sys_vm_table),
};

static const struct proc_node root_table[] = {
	PROC_FILE("buddyinfo", proc_show_buddyinfo),
	PROC_FILE("cmdline", show_boot_cmdline),
	PROC_FILE("cpuinfo", show_cpuinfo),
	PROC_FILE("filesystems", show_filesystems),
	PROC_FILE("iomem", proc_show_iomem),
	PROC_BINARY("kpagecount", 0400, &proc_kpagecount_ops),
	PROC_BINARY("kpageflags", 0400, &proc_kpageflags_ops),
	PROC_FILE("loadavg", show_loadavg),
	PROC_FILE("meminfo", proc_show_meminfo),
	PROC_FILE("mounts", show_mounts),
	PROC_FILE("pagetypeinfo", proc_show_pagetypeinfo),
	PROC_DIR("quire", proc_quire_table),
	PROC_LINK("self", self_readlink, NULL),
	PROC_FILE("slabinfo", proc_show_slabinfo),
	PROC_FILE("stat", show_stat),
	PROC_DIR("sys", sys_table),
	PROC_FILE("uptime", show_uptime),
	PROC_FILE("version", show_version),
	PROC_FILE("vmallocinfo", proc_show_vmallocinfo),
	PROC_FILE("vmstat", proc_show_vmstat),
	PROC_FILE("zoneinfo", proc_show_zoneinfo),
};

const struct proc_node proc_root_dir = {
	.name = "proc", .mode = S_IFDIR | 0555,
	.child = root_table, .nr_child = array_size(root_table),
	.lookup = root_lookup, .list = root_list,
};
