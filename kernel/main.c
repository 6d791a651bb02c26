/* SPDX-License-Identifier: MIT */
/*
 * kmain: the story of the boot, from the loader's map to the first program.
 *
 * The machine's start code (boot/<machine>) has filled `bootinfo`, runs on
 * the boot page tables with a small stack and interrupts off, and jumps here.
 * The order is the order of needs: each line uses only what stands above it.
 */
#include "kernel/main.h"

#include "arch/console.h"
#include "arch/cpu.h"
#include "arch/irq.h"
#include "arch/mmu.h"
#include "arch/timer.h"
#include "arch/trap.h"
#include "boot/bootinfo.h"
#include "kernel/base/cmdline.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "kernel/base/sched.h"
#include "kernel/base/time.h"
#include "kernel/base/watchdog.h"
#include "kernel/dev/tty.h"
#include "kernel/fs/fs.h"
#include "kernel/task/init.h"
#include "kernel/task/vdso.h"
#include "mm/backing/backing.h"
#include "mm/frames/memblock.h"
#include "mm/frames/page_alloc.h"
#include "mm/frames/slab.h"
#include "mm/frames/zone.h"
#include "mm/spaces/mm.h"
#include "mm/spaces/rmap_walk.h"
#include "mm/tables/kmap.h"
#include "mm/tables/kstack.h"
#include "mm/tables/vmalloc.h"

/**
 * kmain() - bring everything up, start the first program, end
 *
 * Context: boot, one CPU, interrupts off, boot page tables.
 */
void __noreturn kmain(void)
{
	const char *why;
	bool all_came;

	percpu_keep();                  /* per-CPU variables, still untouched */
	console_early_init();           /* from here on failures can be read */
	cmdline_init(bootinfo.cmdline);
	printk_set_level(cmdline_u64("loglevel", LOG_INFO));
	cpu_init();                     /* descriptor tables, FPU, its own data */
	trap_init();                    /* from here on faults are reported */
	boot_banner();
	boot_map_raw();
	if (bootinfo_sanitize(&bootinfo, &why))
		panic("boot map: %s", why);
	boot_map_sane();

	mmu_init();                     /* what can this CPU's MMU do? */
	memblock_init(&bootinfo);       /* RAM, and what is already taken */
	kmap_init();                    /* our own tables: direct map, image */
	zone_init();                    /* zones, the first struct pages */
	page_alloc_init();              /* buddy and per-CPU lists */
	slab_init();                    /* object caches, kmalloc */
	kstack_init();                  /* kernel stacks with guard pages */
	sched_init();                   /* this flow becomes a thread: boot */

	irq_init();                     /* interrupt controller */
	timer_init();                   /* clock */
	time_init();                    /* timers and time slices */
	console_init();                 /* received bytes */
	tty_init();
	irq_enable();

	anon_init();                    /* the shared zero page */
	mm_init();                      /* address spaces */
	rmap_walk_init();               /* … that truncation reaches */
	fs_init();                      /* tmpfs root, devices, /proc */
	fs_load_initramfs(&bootinfo);   /* and its files */
	vdso_init();                    /* the kernel's page inside programs */
	watchdog_start();               /* stuck CPUs are reported from here on */
	all_came = cpus_start();        /* the other CPUs */
	kmap_protect();                 /* text, rodata: read-only from now on */
	if (all_came)
		kmap_free_init();       /* what only boot needed goes back */
	boot_report();                  /* what memory costs */

	crash_if_wanted();              /* boot option crash= */
	membench_if_wanted();           /* boot option membench */
	if (kernel_tests_wanted())
		kernel_tests_and_exit();
	init_start();                   /* the first program */
	sched_idle();
}
