/* SPDX-License-Identifier: MIT */
/*
 * The boot command line, read in place: a handful of options, each asked for
 * once, needs no table.
 *
 *	"loglevel=7 ktest=mm  --  -c 'ls'"
 *	 └── options ──────┘      └ arguments of the first program
 *
 * Where a name is given twice, the last one counts.
 */
#include "kernel/base/cmdline.h"

#include "kernel/base/printk.h"
#include "lib/string.h"

#define CMDLINE_MAX 1024

static char cmdline[CMDLINE_MAX];
static const char *cmdline_args = "";

/**
 * cmdline_init() - keep a copy of the command line and split off " -- "
 *
 * Context: boot. Longer lines are cut at CMDLINE_MAX - 1 bytes.
 */
void cmdline_init(const char *text)
{
	char *sep;

	str_copy(cmdline, text, sizeof(cmdline));
	cmdline_args = "";
	if (!strncmp(cmdline, "-- ", 3)) {
		cmdline_args = cmdline + 3;
		cmdline[0] = '\0';
		return;
	}
	sep = strstr(cmdline, " -- ");
	if (sep) {
		*sep = '\0';
		cmdline_args = sep + 4;
	}
}

/* The start of the last word "name" or "name=…", behind the name; or NULL. */
static const char *cmdline_find(const char *name)
{
	size_t len = strlen(name);
	const char *word = cmdline, *found = NULL;

	while (*word) {
		if (!strncmp(word, name, len) &&
		    (!word[len] || word[len] == ' ' || word[len] == '='))
			found = word + len;
		while (*word && *word != ' ')
			word++;
		while (*word == ' ')
			word++;
	}
	return found;
}

/** cmdline_has() - whether the option was given, with or without a value. */
bool cmdline_has(const char *name)
{
	return cmdline_find(name) != NULL;
}

/**
 * cmdline_get() - the option's value as text, cut to size bytes with its NUL
 *
 * Return: false if there is no such option or it has no "=".
 */
bool cmdline_get(const char *name, char *buf, size_t size)
{
	const char *value = cmdline_find(name);
	size_t len = 0;

	if (!value || *value != '=')
		return false;
	for (value++; value[len] && value[len] != ' '; len++)
		continue;
	str_copy(buf, value, MIN(len + 1, size));
	return true;
}

/** cmdline_u64() - the option's value as a number; a bad one warns once. */
u64 cmdline_u64(const char *name, u64 fallback)
{
	char text[32];
	u64 value;

	if (!cmdline_get(name, text, sizeof(text)))
		return fallback;
	if (!str_to_u64(text, &value))
		return value;
	pr_warn("cmdline: %s=%s is not a number, using %llu\n", name, text,
		(unsigned long long)fallback);
	return fallback;
}

/** cmdline_bool() - "name", "name=1|on|yes" or "name=0|off|no". */
bool cmdline_bool(const char *name, bool fallback)
{
	const char *value = cmdline_find(name);
	char text[8];

	if (!value)
		return fallback;
	if (!cmdline_get(name, text, sizeof(text)))
		return true;
	if (!strcmp(text, "1") || !strcmp(text, "on") || !strcmp(text, "yes"))
		return true;
	if (!strcmp(text, "0") || !strcmp(text, "off") || !strcmp(text, "no"))
		return false;
	pr_warn("cmdline: %s=%s is neither on nor off\n", name, text);
	return fallback;
}

/** cmdline_text() - all before " -- ". Context: any, after cmdline_init(). */
const char *cmdline_text(void)
{
	return cmdline;
}

/** cmdline_init_args() - what follows " -- ", or "". */
const char *cmdline_init_args(void)
{
	return cmdline_args;
}
