/* SPDX-License-Identifier: MIT */
/* System calls on the machine as a whole: its name, its memory, its end. */
#include "arch/abi.h"
#include "arch/cpu.h"
#include "kernel/base/printk.h"
#include "kernel/dev/random.h"
#include "kernel/task/rusage.h"
#include "kernel/task/release.h"
#include "kernel/task/syscall.h"
#include "kernel/task/task.h"
#include "lib/string.h"
#include "mm/backing/mapping.h"
#include "mm/frames/page_alloc.h"
#include "mm/spaces/uaccess.h"

/* ---- names --------------------------------------------------------------- */

struct utsname_user { char sysname[65], nodename[65], release[65], version[65],
		      machine[65], domainname[65]; };

/** sys_uname() - uname(2): the ABI is that of the Linux named here. */
long sys_uname(SYSCALL_ARGS)
{
	static const struct utsname_user names = {
		.sysname = QUIRE_SYSNAME,
		.nodename = QUIRE_NODENAME,
		.release = QUIRE_RELEASE,
		.version = QUIRE_VERSION,
		.machine = ABI_MACHINE,
		.domainname = "(none)",
	};

	return copy_to_user((void __user *)a0, &names, sizeof(names));
}

/* ---- memory -------------------------------------------------------------- */

struct sysinfo_user {
	s64 uptime;                     /* s */
	u64 loads[3];
	u64 totalram, freeram, sharedram, bufferram, totalswap, freeswap;
	u16 procs, pad;
	u64 totalhigh, freehigh;
	u32 mem_unit;
	u32 pad2;
};

/** sys_sysinfo() - sysinfo(2), in bytes. */
long sys_sysinfo(SYSCALL_ARGS)
{
	struct sysinfo_user si = {
		.uptime = (s64)(timer_now() / NS_PER_SEC),
		.totalram = zones_total_pages() << PAGE_SHIFT,
		.freeram = (zones_free_pages() + page_alloc_pcp_count())
			   << PAGE_SHIFT,
		.mem_unit = 1,
	};
	u32 nr_tasks;

	process_count(&nr_tasks);
	si.procs = (u16)nr_tasks;
	return copy_to_user((void __user *)a0, &si, sizeof(si));
}

/* ---- randomness ---------------------------------------------------------- */

enum { GRND_NONBLOCK = 1, GRND_RANDOM = 2, GRND_INSECURE = 4 };

/** sys_getrandom() - getrandom(2); a signal may end a long one early. */
long sys_getrandom(SYSCALL_ARGS)
{
	u8 __user *to = (u8 __user *)a0;
	size_t len = MIN(a1, (u64)0x7fffffff), done = 0;
	u8 buf[256];

	if (a2 & ~(u64)(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE) ||
	    (a2 & GRND_RANDOM && a2 & GRND_INSECURE))
		return -EINVAL;
	while (done < len) {
		size_t n = MIN(len - done, sizeof(buf));

		random_fill(buf, n);
		if (copy_to_user(to + done, buf, n))
			return done ? (long)done : -EFAULT;
		done += n;
		if (done >= sizeof(buf) && signal_pending())
			break;
	}
	return (long)done;
}

/* ---- the end ------------------------------------------------------------- */

#define REBOOT_MAGIC_1     0xfee1deadu
#define REBOOT_RESTART     0x01234567u
#define REBOOT_HALT        0xcdef0123u
#define REBOOT_POWER_OFF   0x4321fedcu
#define REBOOT_CAD_OFF     0x00000000u
#define REBOOT_CAD_ON      0x89abcdefu

static bool reboot_magic_is_right(u32 first, u32 second)
{
	static const u32 birthdays[] = { 672274793, 85072278, 369367448,
					 537993216 };

	for (size_t i = 0; i < array_size(birthdays); i++)
		if (first == REBOOT_MAGIC_1 && second == birthdays[i])
			return true;
	return false;
}

/**
 * sys_reboot() - reboot(2): a program that powers off has done its work
 * well.
 */
long sys_reboot(SYSCALL_ARGS)
{
	if (current_process()->cred.euid)
		return -EPERM;
	if (!reboot_magic_is_right((u32)a0, (u32)a1))
		return -EINVAL;
	switch ((u32)a2) {
	case REBOOT_CAD_ON:
	case REBOOT_CAD_OFF:
		return 0;
	case REBOOT_RESTART:
		pr_info("reboot: restarting\n");
		machine_restart();
	case REBOOT_HALT:
	case REBOOT_POWER_OFF:
		pr_info("reboot: power off\n");
		machine_exit(0);
	default:
		return -EINVAL;
	}
}
