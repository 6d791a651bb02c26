/* SPDX-License-Identifier: MIT */
/*
 * The first program: pid 1.
 *
 * Its task is made by hand, without a parent to copy from. It starts in the
 * kernel (init_main), executes the program as any execve would, and leaves
 * for user mode, from where it comes back only by traps.
 */
#include "kernel/task/init.h"

#include "arch/trap.h"
#include "kernel/base/cmdline.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "kernel/base/runqueue.h"
#include "kernel/task/exec.h"
#include "kernel/task/futex.h"
#include "kernel/task/syscall.h"
#include "kernel/task/task.h"
#include "lib/format.h"
#include "lib/string.h"

#define INIT_ARGS_MAX 30
#define INIT_LINE_MAX 1024

static const char *const init_env[] = {
	"HOME=/", "PATH=/bin:/sbin:/usr/bin:/usr/sbin", "TERM=linux", NULL,
};

/* Splits line at blanks into argv[1 …], in place. */
static void init_split_args(char *line, const char **argv)
{
	int argc = 1;

	while (argc < INIT_ARGS_MAX) {
		while (*line == ' ')
			*line++ = '\0';
		if (!*line)
			break;
		argv[argc++] = line;
		while (*line && *line != ' ')
			line++;
	}
	argv[argc] = NULL;
}

/* Tries one path; returns only on failure, noted in tried. */
static void init_try(const char *path, struct strbuf *tried)
{
	static char line[INIT_LINE_MAX];
	static const char *argv[INIT_ARGS_MAX + 1];
	int err;

	str_copy(line, cmdline_init_args(), sizeof(line));
	argv[0] = path;
	init_split_args(line, argv);
	err = exec_kernel(path, argv, init_env);
	if (!err) {
		pr_info("init: running %s\n", path);
		irq_disable();
		trap_return_user(syscall_frame());
	}
	strbuf_printf(tried, " %s (error %d)", path, -err);
}

/* The first code of pid 1. */
static void init_main(void *arg)
{
	static const char *const places[] = { "/init", "/sbin/init",
					      "/bin/init", "/bin/sh" };
	static char path[EXEC_PATH_MAX];
	char text[256];
	struct strbuf tried;

	sched_switched();
	irq_enable();
	strbuf_init(&tried, text, sizeof(text));
	if (cmdline_get("init", path, sizeof(path)))
		init_try(path, &tried);
	else
		for (size_t i = 0; i < array_size(places); i++)
			init_try(places[i], &tried);
	panic("init: no program to run:%s; name one of the initramfs by "
	      "init=PATH, or leave init= out",
	      text);
}

/* Files, directory and console of the first process. 0 or -errno. */
static int init_open_files(struct process *p)
{
	int err = files_create(&p->files);

	if (err)
		return err;
	p->fs.cwd = root_inode;
	inode_get(root_inode);
	p->fs.umask = 022;
	err = files_open_console(p->files);
	if (err)
		pr_warn("init: no console (error %d)\n", -err);
	return 0;
}

/**
 * init_start() - make pid 1 and let it run
 *
 * Its program is looked for by the new task itself. Context: boot, once,
 * everything else is up. Panics when there is no memory.
 */
void init_start(void)
{
	struct process *p;
	struct task *t;
	int err;

	task_init();
	futex_init();
	err = process_create(NULL, &p);
	if (!err)
		err = init_open_files(p);
	if (!err)
		err = task_create(p, "init", 0, &t);
	if (!err)
		err = process_publish(p, NULL, false, t);
	if (err)
		panic("init: cannot make pid 1: error %d", -err);
	assert(t->tid == 1);
	init_process = p;
	p->exit_signal = SIGCHLD;
	str_copy(p->comm, t->comm, sizeof(p->comm));
	process_put(p);                 /* table and task hold theirs */
	thread_machine_init(&t->thread.machine,
			    t->thread.stack + KERNEL_STACK_SIZE, init_main,
			    NULL);
	thread_start(&t->thread);
}
