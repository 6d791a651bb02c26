/* SPDX-License-Identifier: MIT */
/*
 * The words of argv and envp on their way from the old program to the new
 * one: one growing buffer, each word with its NUL, arguments before
 * environment, just as the new stack will show them.
 */
#include "kernel/task/exec.h"

#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frames/kmalloc.h"
#include "mm/spaces/uaccess.h"

#define EXEC_WORDS_START 512            /* bytes: enough for most commands */

/* Room for more bytes behind the used ones. 0, -E2BIG, -ENOMEM. */
static int exec_words_reserve(struct exec_words *w, size_t more)
{
	size_t size = w->size ? w->size : EXEC_WORDS_START;
	char *text;

	if (more > EXEC_ARG_MAX - w->len)
		return -E2BIG;
	while (size - w->len < more)
		size *= 2;
	if (size == w->size)
		return 0;
	text = krealloc(w->text, size, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	w->text = text;
	w->size = size;
	return 0;
}

/**
 * exec_words_add() - append a kernel string
 *
 * Context: thread. Return: 0, -E2BIG, -ENOMEM.
 */
int exec_words_add(struct exec_words *w, const char *word)
{
	size_t len = strlen(word) + 1;
	int err = exec_words_reserve(w, len);

	if (err)
		return err;
	memcpy(w->text + w->len, word, len);
	w->len += len;
	return 0;
}

/**
 * exec_words_add_user() - append a string of the calling program
 *
 * Context: thread. Return: 0, -EFAULT, -E2BIG, -ENOMEM.
 */
int exec_words_add_user(struct exec_words *w, const char __user *word)
{
	size_t room = 64;
	long len;
	int err;

	while (1) {
		err = exec_words_reserve(w, room);
		if (err)
			return err;
		room = MIN(w->size - w->len, EXEC_WORD_MAX);
		len = strncpy_from_user(w->text + w->len, word, room);
		if (len != -ENAMETOOLONG)
			break;
		if (room == EXEC_WORD_MAX)
			return -E2BIG;
		room *= 2;
	}
	if (len < 0)
		return (int)len;
	w->len += (size_t)len + 1;
	return 0;
}

/**
 * exec_words_insert() - a script: its interpreter's words replace argv[0]
 *
 * second may be NULL (no argument on the #! line). Context: thread.
 * Return: 0, -E2BIG, -ENOMEM, with the words unchanged.
 */
int exec_words_insert(struct exec_words *w, const char *first,
		      const char *second, const char *third)
{
	size_t old = w->argc ? strlen(w->text) + 1 : 0;
	size_t len[3] = { strlen(first) + 1, second ? strlen(second) + 1 : 0,
			  strlen(third) + 1 };
	size_t new = len[0] + len[1] + len[2];
	int err = exec_words_reserve(w, new);
	char *to;

	if (err)
		return err;
	to = w->text;
	memmove(to + new, to + old, w->len - old);
	memcpy(to, first, len[0]);
	if (second)
		memcpy(to + len[0], second, len[1]);
	memcpy(to + len[0] + len[1], third, len[2]);
	w->len += new - old;
	w->env_at += new - old;
	w->argc += (second ? 3 : 2) - (old ? 1 : 0);
	return 0;
}

/** exec_words_free() - give the buffer back. Context: thread. */
void exec_words_free(struct exec_words *w)
{
	kfree(w->text);
	w->text = NULL;
}
