/* SPDX-License-Identifier: MIT */
/*
 * Circular doubly linked list whose nodes live inside their owners.
 *
 * The head is a node of its own; an empty list points at itself. A removed
 * node is poisoned, so that a second removal or a use after it faults at a
 * recognisable address.
 */
#ifndef LIB_LIST_H
#define LIB_LIST_H

#include "lib/types.h"

struct list_node {
	struct list_node *next;
	struct list_node *prev;
};

#define LIST_INIT(head) { &(head), &(head) }

/* Non-canonical on both machines: following one faults at once. */
#define LIST_POISON_NEXT ((struct list_node *)0xdead00000000100)
#define LIST_POISON_PREV ((struct list_node *)0xdead00000000200)

static inline void list_init(struct list_node *head)
{
	head->next = head;
	head->prev = head;
}

static inline bool list_empty(const struct list_node *head)
{
	return head->next == head;
}

static inline void list_link(struct list_node *node, struct list_node *prev,
			     struct list_node *next)
{
	node->next = next;
	node->prev = prev;
	next->prev = node;
	prev->next = node;
}

static inline void list_push_front(struct list_node *head,
				   struct list_node *node)
{
	list_link(node, head, head->next);
}

static inline void list_push_back(struct list_node *head,
				  struct list_node *node)
{
	list_link(node, head->prev, head);
}

static inline void list_insert_before(struct list_node *pos,
				      struct list_node *node)
{
	list_link(node, pos->prev, pos);
}

static inline void list_remove(struct list_node *node)
{
	node->next->prev = node->prev;
	node->prev->next = node->next;
	node->next = LIST_POISON_NEXT;
	node->prev = LIST_POISON_PREV;
}

static inline void list_remove_init(struct list_node *node)
{
	list_remove(node);
	list_init(node);
}

/* Moves every node of from to the back of to; from is empty afterwards. */
static inline void list_splice_back(struct list_node *to,
				    struct list_node *from)
{
	if (list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

#define list_entry(node, type, member) container_of(node, type, member)

#define list_first(head, type, member) \
	list_entry((head)->next, type, member)

#define list_for_each(pos, head, member)                                      \
	for (pos = list_entry((head)->next, __typeof__(*pos), member);        \
	     &pos->member != (head);                                          \
	     pos = list_entry(pos->member.next, __typeof__(*pos), member))

/* The body may remove pos. */
#define list_for_each_safe(pos, tmp, head, member)                            \
	for (pos = list_entry((head)->next, __typeof__(*pos), member),        \
	    tmp = list_entry(pos->member.next, __typeof__(*pos), member);     \
	     &pos->member != (head); pos = tmp,                               \
	    tmp = list_entry(tmp->member.next, __typeof__(*pos), member))

#endif
