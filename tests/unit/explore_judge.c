/* SPDX-License-Identifier: MIT */
/*
 * The judge: can what was seen be explained by one operation after the other?
 *
 *	CPU 1   ├── write 0 = 5 ──┤        ├─ read 0: 5 ─┤
 *	CPU 2        ├──── fork ────┤
 *	                                     child's page 0: old or 5
 *
 * An operation takes effect at one moment between its call and its return. So
 * some order of all operations, in which each actor's keep theirs and one that
 * returned before another was called comes first, must give every result and
 * the end that was found. All such orders are tried on the reference, each only
 * as far as the results agree. What takes effect at two moments (mremap, truncate) is
 * two phases, between which others may come.
 */
#include "lib/string.h"
#include "tests/unit/explore.h"

static const struct script *script;
static const struct outcome *end;

static bool end_is(const struct ref_state *s)
{
	if (s->alive != end->alive)
		return false;
	for (unsigned int n = 0; n < SPACES; n++)
		for (unsigned int i = 0; s->alive >> n & 1 && i < PAGES; i++) {
			const struct ref_page *p = &s->page[n][i];

			if (p->mapped != end->mapped[n][i] ||
			    (p->mapped && p->prot != end->prot[n][i]))
				return false;
			if (ref_read(s, n, i) != end->byte[n][i])
				return false;
		}
	return true;
}

/* How far each actor is: operations, and phases of the next one. */
struct progress {
	unsigned int done, phase;
};

/* Some operation that is still to come returned before op was called. */
static bool comes_too_early(const struct op *op, const struct progress *all)
{
	for (unsigned int a = 0; a < script->nr_actors; a++)
		if (all[a].done < script->nr_ops[a] &&
		    script->op[a][all[a].done].ended < op->begun)
			return true;
	return false;
}

static struct progress after(const struct op *op, struct progress p)
{
	if (++p.phase < op_phases(op))
		return p;
	return (struct progress){ p.done + 1, 0 };
}

static bool explained(const struct ref_state *s, struct progress *all)
{
	bool over = true;

	for (unsigned int a = 0; a < script->nr_actors; a++) {
		const struct progress mine = all[a];
		const struct op *op = &script->op[a][mine.done];
		struct ref_state next;
		bool ok;

		if (mine.done == script->nr_ops[a])
			continue;
		over = false;
		if (comes_too_early(op, all))
			continue;
		next = *s;
		if (op_ref(op, mine.phase, &next) != op->result)
			continue;
		all[a] = after(op, mine);
		ok = explained(&next, all);
		all[a] = mine;
		if (ok)
			return true;
	}
	return over && end_is(s);
}

bool judge(const struct script *s, const struct ref_state *first,
	   const struct outcome *found)
{
	struct progress all[ACTORS] = { { 0, 0 } };

	script = s;
	end = found;
	return explained(first, all);
}
