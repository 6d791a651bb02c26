/* SPDX-License-Identifier: MIT */
/*
 * Programs as black boxes: what a shell command prints, and with which status it
 * ends.
 *
 *	SAYS("echo $((6 * 7))", "42");
 *
 * A difference prints both texts.
 */
#ifndef TESTS_USER_SHELL_H
#define TESTS_USER_SHELL_H

#include "check.h"

/* Prints a text as TAP comments, line by line. */
static void shell_show(const char *what, const char *text)
{
	char copy[8192], *save, *line;

	snprintf(copy, sizeof(copy), "%s", text);
	for (line = strtok_r(copy, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		printf("# %s: %s\n", what, line);
}

/* The shell that runs the commands; a test may choose another one. */
#ifndef SHELL
#define SHELL "/bin/sh"
#endif

/* Starts the shell; its output, stderr too, comes out of *from. */
static pid_t shell_start(const char *command, int *from)
{
	int pipe_fd[2];
	pid_t pid;

	CHECK(pipe(pipe_fd) == 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		dup2(pipe_fd[1], 1);
		dup2(pipe_fd[1], 2);
		close(pipe_fd[0]);
		close(pipe_fd[1]);
		execl(SHELL, SHELL, "-c", command, (char *)NULL);
		_exit(127);
	}
	close(pipe_fd[1]);
	*from = pipe_fd[0];
	return pid;
}

/* Output of a command without newlines at the end; *status as of wait. */
static const char *shell_run(const char *command, int *status)
{
	static char out[65536];
	size_t len = 0;
	ssize_t n;
	int from;
	pid_t pid = shell_start(command, &from);

	while ((n = read(from, out + len, sizeof(out) - 1 - len)) > 0)
		len += (size_t)n;
	close(from);
	CHECK(waitpid(pid, status, 0) == pid);
	while (len && out[len - 1] == '\n')
		len--;
	out[len] = 0;
	return out;
}

/* Output of a command that must succeed. */
static const char *shell(const char *command)
{
	int status;
	const char *out = shell_run(command, &status);

	if (status) {
		printf("# %s: status %#x\n", command, (unsigned int)status);
		shell_show("said", out);
	}
	CHECK(status == 0);
	return out;
}

/* Does the command succeed and print exactly this? */
__attribute__((unused)) static int shell_says(const char *command,
					      const char *wanted)
{
	const char *out = shell(command);

	if (!strcmp(out, wanted))
		return 1;
	shell_show("wanted", wanted);
	shell_show("said", out);
	return 0;
}

#define SAYS(command, wanted) CHECK(shell_says(command, wanted))

#endif
