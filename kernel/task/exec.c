/* SPDX-License-Identifier: MIT */
/*
 * execve: another program in the same process.
 *
 *   words from user ─► open ─► #! script? ─► its interpreter, again
 *                        │
 *                        ▼
 *               check ELF ─► new space: segments, loader, stack
 *                        │                                     │ any failure:
 *                        │                                     ▼ drop the plan,
 *                        ▼                                   -errno, nothing lost
 *   commit: other tasks end ─► switch space ─► handlers, files ─► frame
 *
 * The plan is built beside the running program; the commit cannot fail any
 * more once the other tasks are gone.
 */
#include "kernel/task/exec.h"

#include "arch/trap.h"
#include "kernel/base/trace.h"
#include "kernel/task/futex.h"
#include "kernel/task/limits.h"
#include "kernel/task/signal.h"
#include "kernel/task/syscall.h"
#include "kernel/task/task.h"
#include "kernel/task/vdso.h"
#include "lib/string.h"
#include "mm/frames/kmalloc.h"
#include "mm/spaces/uaccess.h"

#define SCRIPT_LINE_MAX  256            /* bytes of a #! line that count */
#define SCRIPT_DEPTH_MAX 5              /* scripts run by scripts, as Linux */

/* ---- the program's file -------------------------------------------------- */

/* Splits "#! interp [arg]" in place. -ENOEXEC: no name in it. */
static int script_parse(char *line, char **interp, char **arg)
{
	char *at = line + 2, *end = line + strlen(line);

	while (end > at && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	while (*at == ' ' || *at == '\t')
		at++;
	if (!*at)
		return -ENOEXEC;
	*interp = at;
	while (*at && *at != ' ' && *at != '\t')
		at++;
	*arg = NULL;
	if (!*at)
		return 0;
	*at++ = '\0';
	while (*at == ' ' || *at == '\t')
		at++;
	*arg = at;
	return 0;
}

/* What is wrong with a first line that has no end: 0, or -errno. cut: there is
 * more of it, so that the name may go on. A file that ends behind its #! names
 * the file "", which is the current directory. */
static int script_check_open_line(const char *at, bool cut)
{
	while (*at == ' ' || *at == '\t')
		at++;
	if (!*at)
		return cut ? -ENOEXEC : -EACCES;
	return cut && !strchr(at, ' ') && !strchr(at, '\t') ? -ENOEXEC : 0;
}

/* The first line of the file if it is a script's: 1; not one: 0; -errno. */
static int script_read_line(struct file *file, char *line)
{
	long got = file_read_kernel(file, 0, line, SCRIPT_LINE_MAX - 1);
	char *end;
	int err;

	if (got < 0)
		return (int)got;
	line[got] = '\0';
	if (line[0] != '#' || line[1] != '!')
		return 0;
	end = strchr(line, '\n');
	if (end) {
		*end = '\0';
		return 1;
	}
	err = script_check_open_line(line + 2, got == SCRIPT_LINE_MAX - 1);
	return err ? err : 1;
}

/* What vfs_open_exec() ran into, as the end of a sentence. */
static const char *exec_open_trouble(int err)
{
	if (err == -ENOENT || err == -ENOTDIR)
		return "is not there";
	return err == -EACCES ? "is not executable" : "cannot be opened";
}

/* Opens what really runs: path, or the interpreter of the script there. */
static int exec_open(struct exec_plan *plan, const char *path)
{
	struct fs_context *fs = &current_process()->fs;
	char line[SCRIPT_LINE_MAX], target[EXEC_PATH_MAX], *interp, *arg;
	int err, script;

	str_copy(target, path, sizeof(target));
	for (int depth = 0; depth <= SCRIPT_DEPTH_MAX; depth++) {
		err = vfs_open_exec(fs, target, &plan->file);
		if (err && depth)
			exec_report(path,
				    "its interpreter %s %s (see the "
				    "first line, #!)",
				    target, exec_open_trouble(err));
		if (err)
			return err;
		script = script_read_line(plan->file, line);
		if (script <= 0)
			return script;
		file_put(plan->file);
		plan->file = NULL;
		err = script_parse(line, &interp, &arg);
		if (err)
			exec_report(target, "no interpreter behind its #!");
		else
			err = exec_words_insert(&plan->words, interp, arg,
						target);
		if (err)
			return err;
		str_copy(target, interp, sizeof(target));
	}
	exec_report(path, "scripts run by scripts, more than %d deep",
		    SCRIPT_DEPTH_MAX);
	return -ELOOP;
}

/* The loader that the program names (PT_INTERP). */
static int exec_open_interp(struct exec_plan *plan)
{
	struct elf_image *img = &plan->image;
	char *name = plan->interp_path;
	long got;
	int err;

	if (!img->interp_len)
		return 0;
	if (img->interp_len > sizeof(plan->interp_path))
		return -ENOEXEC;
	got = file_read_kernel(plan->file, img->interp_offset, name,
			       img->interp_len);
	if (got < 0)
		return (int)got;
	if ((u64)got != img->interp_len)
		return -EIO;            /* the file was cut off before it */
	if (name[got - 1])
		return -ENOEXEC;
	err = vfs_open_exec(&current_process()->fs, name, &plan->interp);
	if (err)
		exec_report(plan->path,
			    "its loader %s %s: install the C library it was "
			    "linked with, or link with -static",
			    name, exec_open_trouble(err));
	return err;
}

/* ---- the plan ------------------------------------------------------------ */

static void exec_plan_free(struct exec_plan *plan)
{
	if (plan->mm)
		mm_put(plan->mm);
	if (plan->interp)
		file_put(plan->interp);
	if (plan->file)
		file_put(plan->file);
	exec_words_free(&plan->words);
	kfree(plan);
}

static void exec_set_name(struct exec_plan *plan, const char *path)
{
	const char *slash = strrchr(path, '/');

	str_copy(plan->path, path, sizeof(plan->path));
	str_copy(plan->name, slash ? slash + 1 : path, sizeof(plan->name));
}

/* Everything that can fail; the words are in the plan. */
static int exec_prepare(struct exec_plan *plan, const char *path)
{
	int err;

	exec_set_name(plan, path);
	err = exec_open(plan, path);
	if (!err)
		err = elf_open_image(plan->file, &plan->image, path);
	if (!err)
		err = exec_open_interp(plan);
	if (!err)
		err = mm_create(&plan->mm);
	if (err)
		return err;
	limits_apply(current_process(), plan->mm);
	err = exec_load_program(plan);
	if (!err)
		err = vdso_map(plan->mm);
	if (!err)
		err = exec_build_stack(plan);
	if (err == -E2BIG)
		exec_report(path,
			    "%llu KiB of arguments and environment; a quarter "
			    "of RLIMIT_STACK is the limit",
			    (unsigned long long)plan->words.len >> 10);
	return err;
}

/* ---- the commit ---------------------------------------------------------- */

/* The old space and program go, the plan's come. */
static void exec_switch_space(struct task *t, struct exec_plan *plan)
{
	struct process *p = t->process;
	struct inode *old_exe = p->exe;
	struct mm *old = p->mm;
	u64 flags;

	mm_use(&t->thread, plan->mm);
	flags = spin_lock_irq(&tasks_lock);
	p->mm = plan->mm;
	p->exe = plan->file->inode;
	inode_get(p->exe);
	spin_unlock_irq(&tasks_lock, flags);
	plan->mm = NULL;

	vfork_release(p);
	if (old) {
		if (READ_ONCE(old->users) == 1)
			process_book_faults(p, old);
		mm_put(old);
	}
	if (old_exe)
		inode_put(old_exe);
}

static int exec_commit(struct exec_plan *plan)
{
	struct task *t = current_task();
	struct process *p = t->process;
	int err;

	err = process_end_other_tasks();
	if (!err)
		err = process_unshare_files();
	if (!err)
		err = thread_machine_exec(&t->thread.machine);
	if (err)
		return err;
	futex_exit_task(t);
	exec_switch_space(t, plan);
	files_close_on_exec(p->files);
	signal_state_exec(t);
	task_set_comm(t, plan->name);
	p->exit_signal = SIGCHLD;
	p->has_execed = true;
	p->dumpable = 1;
	p->keep_caps = false;
	tf_init_user(syscall_frame(), plan->entry, plan->sp);
	trace(exec, p->pid, plan->entry);
	return 0;
}

static int exec_run(struct exec_plan *plan, const char *path)
{
	int err = exec_prepare(plan, path);

	return err ? err : exec_commit(plan);
}

/* ---- the ways in --------------------------------------------------------- */

/* Appends every word of a user's NULL-terminated array; counts them. */
static int exec_words_from_user(struct exec_words *w,
				const u64 __user *array, u32 *count)
{
	u64 word;
	int err;

	for (*count = 0; array; (*count)++) {
		if (get_user(word, array + *count))
			return -EFAULT;
		if (!word)
			break;
		err = exec_words_add_user(w, (const char __user *)word);
		if (err)
			return err;
	}
	return 0;
}

/* Linux gives a program at least an empty argv[0]. */
static int exec_words_fill(struct exec_words *w, const u64 __user *argv,
			   const u64 __user *envp)
{
	int err = exec_words_from_user(w, argv, &w->argc);

	if (!err && !w->argc) {
		err = exec_words_add(w, "");
		w->argc = 1;
	}
	w->env_at = w->len;
	return err ? err : exec_words_from_user(w, envp, &w->envc);
}

/** sys_execve() - execve(2). */
long sys_execve(SYSCALL_ARGS)
{
	struct exec_plan *plan = kzalloc(sizeof(*plan), GFP_KERNEL);
	char path[EXEC_PATH_MAX];
	long err;

	if (!plan)
		return -ENOMEM;
	err = strncpy_from_user(path, (const char __user *)a0, sizeof(path));
	if (err >= 0)
		err = exec_words_fill(&plan->words, (const u64 __user *)a1,
				      (const u64 __user *)a2);
	if (!err)
		err = exec_run(plan, path);
	exec_plan_free(plan);
	return err;
}

static int exec_words_from_kernel(struct exec_words *w,
				  const char *const *array, u32 *count)
{
	int err = 0;

	for (*count = 0; array[*count] && !err; (*count)++)
		err = exec_words_add(w, array[*count]);
	return err;
}

/**
 * exec_kernel() - the calling task becomes the program at path
 *
 * For the first program: argv and envp are kernel strings. The frame at the
 * top of the task's stack is set to start it.
 * Context: thread of a task. Return: 0 or -errno with nothing changed.
 */
int exec_kernel(const char *path, const char *const *argv,
		const char *const *envp)
{
	struct exec_plan *plan = kzalloc(sizeof(*plan), GFP_KERNEL);
	struct exec_words *w;
	int err;

	if (!plan)
		return -ENOMEM;
	w = &plan->words;
	err = exec_words_from_kernel(w, argv, &w->argc);
	w->env_at = w->len;
	if (!err)
		err = exec_words_from_kernel(w, envp, &w->envc);
	if (!err)
		err = exec_run(plan, path);
	exec_plan_free(plan);
	return err;
}
