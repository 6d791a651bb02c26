/* SPDX-License-Identifier: MIT */
/* Users, groups, capabilities, and the switches of prctl. */
#include "check.h"

#include <grp.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define CAP_VERSION_3 0x20080522u

struct cap_header { uint32_t version; int pid; };
struct cap_data { uint32_t effective, permitted, inheritable; };

static void expect_ids(uid_t real, uid_t effective, uid_t saved)
{
	uid_t r, e, s;

	CHECK(getresuid(&r, &e, &s) == 0);
	CHECK(r == real && e == effective && s == saved);
}

PROVES(setreuid, "", "the saved id follows; EPERM")
PROVES(setregid, "", "EPERM")
PROVES(getresuid, "", "all three")
CASE(setreuid_moves_the_saved_id)
{
	CHECK(syscall(SYS_setreuid, -1, 1000) == 0);
	expect_ids(0, 1000, 1000);
	CHECK(syscall(SYS_setreuid, -1, 0) == 0);
	expect_ids(0, 0, 1000);
	CHECK(syscall(SYS_setreuid, 1000, -1) == 0);
	expect_ids(1000, 0, 0);
	CHECK(syscall(SYS_setreuid, 1000, 1000) == 0);
	expect_ids(1000, 1000, 1000);
	CHECK(syscall(SYS_setreuid, -1, 0) == -1 && errno == EPERM);
	CHECK(syscall(SYS_setregid, -1, 5) == -1 && errno == EPERM);
}

PROVES(setgroups, "", "EINVAL, EFAULT, EPERM")
PROVES(getgroups, "", "inherited; EINVAL for too little room")
PROVES(setresuid, "", "gives up all rights")
CASE(groups_are_kept_and_inherited)
{
	gid_t groups[40], got[40];
	int status;
	pid_t pid;

	for (gid_t i = 0; i < 40; i++)
		groups[i] = 100 + i;
	CHECK(setgroups(40, groups) == 0);
	CHECK(getgroups(0, NULL) == 40);
	CHECK(getgroups(39, got) == -1 && errno == EINVAL);
	CHECK(getgroups(-1, got) == -1 && errno == EINVAL);
	pid = fork();
	if (pid == 0) {
		CHECK(getgroups(40, got) == 40);
		CHECK(!memcmp(groups, got, sizeof(got)));
		CHECK(setgroups(0, NULL) == 0 && getgroups(0, NULL) == 0);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(getgroups(0, NULL) == 40);
	CHECK(syscall(SYS_setgroups, 65537, groups) == -1 && errno == EINVAL);
	CHECK(syscall(SYS_setgroups, 3, 8) == -1 && errno == EFAULT);
	CHECK(setresuid(1, 1, 1) == 0);
	CHECK(setgroups(1, groups) == -1 && errno == EPERM);
}

static long caps(int nr, int pid, struct cap_data *data)
{
	struct cap_header h = { CAP_VERSION_3,
					      pid };

	return syscall(nr, &h, data);
}

PROVES(capset, "", "only down; EPERM")
PROVES(capget, "", "EINVAL with the version told, ESRCH")
CASE(capabilities_only_shrink)
{
	struct cap_data d[2];
	struct cap_header old = { 0x1234, 0 };

	CHECK(caps(SYS_capget, 0, d) == 0 && d[0].effective & 1);
	d[0].effective = 0;
	CHECK(caps(SYS_capset, 0, d) == 0);
	CHECK(caps(SYS_capget, getpid(), d) == 0 && d[0].effective == 0);
	d[0].effective = 1;
	d[0].permitted = 1;
	d[1].effective = d[1].permitted = 0;
	CHECK(caps(SYS_capset, 0, d) == 0);
	d[0].permitted = 3;
	CHECK(caps(SYS_capset, 0, d) == -1 && errno == EPERM);
	d[0].permitted = 0;
	CHECK(caps(SYS_capset, 0, d) == -1 && errno == EPERM);
	CHECK(caps(SYS_capset, 1, d) == -1 && errno == EPERM);
	CHECK(caps(SYS_capget, 30000, d) == -1 && errno == ESRCH);
	CHECK(caps(SYS_capget, -1, d) == -1 && errno == EINVAL);
	CHECK(syscall(SYS_capget, &old, d) == -1 && errno == EINVAL);
	CHECK(old.version == CAP_VERSION_3);
}

PROVES(capget, "", "follow the effective user")
CASE(capabilities_follow_the_user)
{
	struct cap_data d[2];

	CHECK(syscall(SYS_setresuid, -1, 1000, -1) == 0);
	CHECK(caps(SYS_capget, 0, d) == 0);
	CHECK(d[0].effective == 0 && d[0].permitted & 1);
	CHECK(syscall(SYS_setresuid, -1, 0, -1) == 0);
	CHECK(caps(SYS_capget, 0, d) == 0 && d[0].effective & 1);
	CHECK(syscall(SYS_setresuid, 1000, 1000, 1000) == 0);
	CHECK(caps(SYS_capget, 0, d) == 0);
	CHECK(d[0].effective == 0 && d[0].permitted == 0);
}

PROVES(prctl, "PR_SET_DUMPABLE, PR_SET_KEEPCAPS, PR_SET_PDEATHSIG",
       "kept; EINVAL")
PROVES(prctl, "PR_SET_NO_NEW_PRIVS, PR_SET_THP_DISABLE, PR_SET_TIMERSLACK",
       "kept; EINVAL")
PROVES(prctl, "PR_CAPBSET_READ", "1; EINVAL")
CASE(prctl_keeps_its_switches)
{
	int value = -1;

	CHECK(prctl(PR_GET_DUMPABLE) == 1);
	CHECK(prctl(PR_SET_DUMPABLE, 0) == 0 && prctl(PR_GET_DUMPABLE) == 0);
	CHECK(prctl(PR_SET_DUMPABLE, 2) == -1 && errno == EINVAL);
	CHECK(prctl(PR_SET_KEEPCAPS, 1) == 0 && prctl(PR_GET_KEEPCAPS) == 1);
	CHECK(prctl(PR_SET_PDEATHSIG, SIGUSR1) == 0);
	CHECK(prctl(PR_GET_PDEATHSIG, &value) == 0 && value == SIGUSR1);
	CHECK(prctl(PR_SET_PDEATHSIG, 65) == -1 && errno == EINVAL);
	CHECK(prctl(PR_GET_PDEATHSIG, 8) == -1 && errno == EFAULT);
	CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0);
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0) == -1 && errno == EINVAL);
	CHECK(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) == 0);
	CHECK(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) == 1);
	CHECK(prctl(PR_SET_THP_DISABLE, 1, 1, 0, 0) == -1 && errno == EINVAL);
	CHECK(prctl(PR_GET_TIMERSLACK) == 50000);
	CHECK(prctl(PR_SET_TIMERSLACK, 7) == 0 &&
	      prctl(PR_GET_TIMERSLACK) == 7);
	CHECK(prctl(PR_SET_TIMERSLACK, 0) == 0);
	CHECK(prctl(PR_GET_TIMERSLACK) == 50000);
	CHECK(prctl(PR_CAPBSET_READ, 0) == 1);
	CHECK(prctl(PR_CAPBSET_READ, 99) == -1 && errno == EINVAL);
	CHECK(prctl(12345) == -1 && errno == EINVAL);
}

PROVES(prctl, "PR_SET_NAME, PR_GET_NAME", "fifteen bytes")
CASE(name_of_a_thread)
{
	char name[16];

	CHECK(prctl(PR_SET_NAME, "a name of more than fifteen") == 0);
	CHECK(prctl(PR_GET_NAME, name) == 0);
	CHECK(!strcmp(name, "a name of more "));
	CHECK(prctl(PR_SET_NAME, 8) == -1 && errno == EFAULT);
}

/* A child that wants SIGUSR1 when its parent ends, and that parent's end. */
static void parent_ends_before_its_child(void)
{
	int ready[2];
	char c;

	CHECK(pipe(ready) == 0);
	if (fork() == 0) {
		CHECK(prctl(PR_SET_PDEATHSIG, SIGUSR1) == 0);
		CHECK(write(ready[1], "x", 1) == 1);
		while (1)
			pause();
	}
	CHECK(read(ready[0], &c, 1) == 1);
	_exit(0);
}

PROVES(prctl, "PR_SET_CHILD_SUBREAPER", "gets the orphans")
CASE(orphans_go_to_the_subreaper)
{
	int value = 0, status;
	pid_t parent, orphan;

	CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	CHECK(prctl(PR_GET_CHILD_SUBREAPER, &value) == 0 && value == 1);
	parent = fork();
	if (parent == 0) {
		CHECK(prctl(PR_GET_CHILD_SUBREAPER, &value) == 0 && !value);
		parent_ends_before_its_child();
	}
	CHECK(waitpid(parent, &status, 0) == parent && status == 0);
	orphan = wait(&status);
	CHECK(orphan > 0 && orphan != parent);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1);
}

PROVES(personality, "ADDR_NO_RANDOMIZE", "kept")
CASE(personality_is_kept)
{
	CHECK(personality(0xffffffff) == 0);
	CHECK(personality(ADDR_NO_RANDOMIZE) == 0);
	CHECK(personality(0xffffffff) == ADDR_NO_RANDOMIZE);
}

int main(void)
{
	return run_cases();
}
