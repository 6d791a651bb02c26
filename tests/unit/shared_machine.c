/* SPDX-License-Identifier: MIT */
/*
 * What kernel/main.c and kernel/task/trap.c are to the guest: the boot of a
 * host machine, and its page faults.
 *
 *   0     1M      end/2            end
 *   │▓▓▓▓░│ image ░░░░│  hole │▓▓▓▓▓▓▓│ACPI│
 */
#include "tests/unit/machine.h"

#include "arch/irq.h"
#include "arch/timer.h"
#include "boot/bootinfo.h"
#include "kernel/base/cmdline.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "kernel/base/sched.h"
#include "kernel/base/time.h"
#include "mm/backing/backing.h"
#include "mm/frames/memblock.h"
#include "mm/frames/page_alloc.h"
#include "mm/frames/slab.h"
#include "mm/frames/zone.h"
#include "mm/spaces/fault.h"
#include "mm/spaces/mm.h"
#include "mm/spaces/rmap_walk.h"
#include "mm/tables/kmap.h"
#include "mm/tables/kstack.h"
#include "mm/tables/vmalloc.h"

/* Upcall of arch/trap.h, as kernel/task/trap.c has it, without signals. */
void trap_page_fault(struct trap_frame *tf, vaddr_t addr, u32 access)
{
	struct mm *mm = current_thread()->mm;
	enum fault_reason why;

	if (mm && va_is_user(addr) &&
	    mm_fault(mm, addr, access, &why) <= FAULT_RETRY)
		return;
	host_fault_give_up(tf);
}

static void machine_map(u64 end)
{
	static const struct {
		u64 start, end;
		enum range_type type;
	} fixed[] = {
		{ 0, 0x9fc00, RANGE_USABLE },
		{ 0x9fc00, 0xa0000, RANGE_RESERVED },
		{ 0xf0000, 0x100000, RANGE_RESERVED },
	};
	u64 hole = end / 2;
	int err = 0;

	for (size_t i = 0; i < array_size(fixed); i++)
		err |= bootinfo_add_range(&bootinfo, fixed[i].start,
					  fixed[i].end - fixed[i].start,
					  fixed[i].type);
	err |= bootinfo_add_range(&bootinfo, MIB(1), hole - MIB(1),
				  RANGE_USABLE);
	err |= bootinfo_add_range(&bootinfo, hole + 0x13000,
				  end - hole - 0x23000, RANGE_USABLE);
	err |= bootinfo_add_range(&bootinfo, end - 0x10000, 0x10000,
				  RANGE_ACPI);
	assert(!err);
	bootinfo.kernel_start = MIB(1);
	bootinfo.kernel_end = MIB(2);
}

void machine_boot(u64 mib, const char *cmdline)
{
	const char *why;

	host_machine_init(MIB(mib));
	cmdline_init(cmdline);
	printk_set_level((unsigned int)cmdline_u64("loglevel", LOG_INFO));
	cpu_init();
	trap_init();
	machine_map(MIB(mib));
	if (bootinfo_sanitize(&bootinfo, &why))
		panic("boot map: %s", why);
	mmu_init();
	memblock_init(&bootinfo);
	kmap_init();
	zone_init();
	page_alloc_init();
	slab_init();
	kstack_init();
	sched_init();
	irq_init();
	timer_init();
	time_init();
	irq_enable();
	anon_init();
	mm_init();
	rmap_walk_init();
	kmap_protect();
	kmap_free_init();
}
