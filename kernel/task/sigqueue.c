/* SPDX-License-Identifier: MIT */
/*
 * Waiting signals: a bit for each number, and an entry with the sender's story
 * behind it where there was memory for one.
 *
 * Signals 1 … 31 wait at most once; from 32 on each waits with its own
 * siginfo. Invariant [G1] of signal.c: an entry with signo has its bit set in
 * pending.
 */
#include "kernel/task/sigqueue.h"

#include "lib/string.h"
#include "mm/frames/slab.h"

static struct kmem_cache *signal_cache;

/** sigqueue_cache_init() - the cache of waiting signals. Context: boot. */
void sigqueue_cache_init(void)
{
	signal_cache = kmem_cache_create("signal", sizeof(struct signal_queued),
					 0, CACHE_PANIC, NULL);
}

/** signal_queue_init() - nothing waits. */
void signal_queue_init(struct signal_queue *q)
{
	q->pending = 0;
	q->nr = 0;
	list_init(&q->entries);
}

/**
 * signal_queue_drop() - drop every waiting signal of set
 *
 * Context: signals.lock, or nobody knows q.
 */
void signal_queue_drop(struct signal_queue *q, u64 set)
{
	struct signal_queued *e, *tmp;

	if (!(q->pending & set))
		return;
	q->pending &= ~set;
	list_for_each_safe(e, tmp, &q->entries, node) {
		if (!(signal_bit(e->info.signo) & set))
			continue;
		list_remove(&e->node);
		q->nr--;
		kmem_cache_free(signal_cache, e);
	}
}

/** signal_queue_free() - drop everything. Context: the owner ends. */
void signal_queue_free(struct signal_queue *q)
{
	signal_queue_drop(q, ~(u64)0);
}

/**
 * signal_queue_push() - one more signal waits
 *
 * Without memory the bit alone goes in. Context: signals.lock.
 */
void signal_queue_push(struct signal_queue *q, int signo,
			      const struct siginfo *info)
{
	struct signal_queued *e = NULL;

	if (signo < SIGNAL_RT_FIRST && q->pending & signal_bit(signo))
		return;
	if (info)
		e = kmem_cache_alloc(signal_cache, GFP_ATOMIC | GFP_NOWARN);
	if (e) {
		e->info = *info;
		e->info.signo = signo;
		list_push_back(&q->entries, &e->node);
		q->nr++;
	}
	q->pending |= signal_bit(signo);
}

/** signal_queue_pop() - take the first signo out of q into info.
 * Context: signals.lock. */
void signal_queue_pop(struct signal_queue *q, int signo, struct siginfo *info)
{
	struct signal_queued *e, *found = NULL;
	bool more = false;

	list_for_each(e, &q->entries, node) {
		if (e->info.signo != signo)
			continue;
		if (found) {
			more = true;
			break;
		}
		found = e;
	}
	if (!more)
		q->pending &= ~signal_bit(signo);
	if (found) {
		*info = found->info;
		list_remove(&found->node);
		q->nr--;
		kmem_cache_free(signal_cache, found);
	} else {
		memset(info, 0, sizeof(*info));
		info->signo = signo;
	}
}
