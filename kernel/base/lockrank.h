/* SPDX-License-Identifier: MIT */
/*
 * The one order of all locks. A thread may only take a lock whose rank is
 * greater than that of every lock it holds. Debug builds check it at run time
 * and name both locks.
 *
 * Sleeping locks come first: no sleeping lock is taken under a spinlock.
 */
#ifndef KERNEL_BASE_LOCKRANK_H
#define KERNEL_BASE_LOCKRANK_H

/* X(name, what it guards), in the order of acquisition. */
#define LOCK_RANKS(X)                                                \
	X(NONE, "not checked (tests only)")                          \
	/* sleeping */                                               \
	X(FILE_POS, "position of an open file")                      \
	X(INODE, "one file")                                         \
	X(FILES, "descriptor table")                                 \
	X(FILE_LOCKS, "who has locked which part of a file")         \
	X(MM_LIST, "list of all address spaces")                     \
	X(MM, "mm->lock: VMAs of one address space")                 \
	X(MM_CHILD, "the child's in fork")                           \
	X(FAMILY, "the spaces that fork made of one another")        \
	X(FILE_MAP, "struct mapping: page cache of a file")          \
	X(FILE_RMAP, "which VMAs map a file")                        \
	X(FS, "names: also asked under mm->lock, by maps")           \
	X(VMALLOC, "vmalloc areas")                                  \
	X(SLEEPING_END, "no lock: the border of the two kinds")      \
	/* spinning */                                               \
	X(TASKS, "pid table, process tree, task groups")             \
	X(SIGNAL, "signal state of a process")                       \
	X(FUTEX, "one bucket of futex waiters")                      \
	X(PIPE, "one pipe")                                          \
	X(TTY, "the terminal")                                       \
	X(CACHE_TREE, "radix tree of a mapping")                     \
	X(PAGE_TABLE, "one page-table page")                         \
	X(PAGE_TABLE_CHILD, "the child's in fork")                   \
	X(RMAP, "who maps a frame")                                  \
	X(LRU, "page lists of reclaim")                              \
	X(SLAB_LIST, "list of all caches")                           \
	X(SLAB_NODE, "partial list of a cache")                      \
	X(SLAB_PAGE, "one slab")                                     \
	X(SECTION, "memmap growth")                                  \
	X(ZONE, "buddy lists of a zone")                             \
	X(TLB, "flush in flight")                                    \
	X(WAIT, "wait queues")                                       \
	X(GUARD, "inside a mutex or rwlock")                         \
	X(RUNQUEUE, "threads of one CPU")                            \
	X(TIMER, "timers of one CPU")                                \
	X(THREADS, "list of all threads")                            \
	X(ASID, "space tags of the MMU")                             \
	X(TRACE, "trace output")                                     \
	X(LOG, "printk: allowed everywhere")

enum lock_rank {
#define X(name, what) RANK_##name,
	LOCK_RANKS(X)
#undef X
	RANK_NR,
};

/* "MM", "ZONE", …: for the messages of lockdebug.c. */
extern const char *const lock_rank_names[RANK_NR];

#endif
