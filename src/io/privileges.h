/*
 * Who a process is and what it may do: user, groups, limits, capabilities(7), no_new_privs.
 *
 * Everything is made ready before the fork (privileges_prepare); the child carries it out
 * (privileges_apply) in the one order in which each step still has the right to be done. libcap's
 * cap_launch(3) knows that order too, but forks and waits for the exec itself, which would block
 * the loop, and can neither say which step was refused nor go on after it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "util/error.h"

struct text;

#define PRIVILEGES_ALL UINT64_MAX

enum {
	PRIVILEGES_GROUPS_MAX = 64,
};

enum privileges_step {
	PRIVILEGES_UMASK, /* cannot fail */
	PRIVILEGES_OOM_SCORE_ADJ,
	PRIVILEGES_LIMIT_NOFILE,
	PRIVILEGES_LIMIT_NPROC,
	PRIVILEGES_LIMIT_CORE,
	PRIVILEGES_GROUPS,
	PRIVILEGES_GROUP,
	PRIVILEGES_BOUNDING,
	PRIVILEGES_USER,
	PRIVILEGES_CAPABILITIES,
	PRIVILEGES_NO_NEW_PRIVS,
	PRIVILEGES_STEP_COUNT_,
};

struct privileges_limit {
	bool is_set;
	struct rlimit value;
};

/* A zeroed struct changes nothing. */
struct privileges {
	bool has_user;
	bool has_group;
	bool has_groups;
	bool has_umask;
	bool has_oom_score_adj;
	bool has_capabilities;
	bool no_new_privs;
	uid_t uid;
	gid_t gid;
	size_t group_count;
	gid_t groups[PRIVILEGES_GROUPS_MAX];
	mode_t umask;
	int oom_score_adj;
	struct privileges_limit nofile;
	struct privileges_limit nproc;
	struct privileges_limit core;
	uint64_t capabilities; /* those to be kept, one bit each */
	unsigned required;     /* steps, 1 << enum privileges_step, that must not be skipped */

	/* Made by privileges_prepare; the pointers are of libcap. */
	void *all;        /* what we may have, for the steps; NULL: nobody says */
	void *sets;       /* what it has after them */
	uint64_t given;   /* of the capabilities: those that are ours to give */
	uint64_t ambient; /* of those: what only so outlives the exec */
};

/* The name of a capability, with or without `cap_`, to its number; -EINVAL for none. */
int privileges_capability(const char *name);

/* Makes ready what the child must not allocate. 0 or -errno; the caller calls the deinit. */
int privileges_prepare(struct privileges *privileges);
void privileges_deinit(struct privileges *privileges);

/*
 * In the child. refused is called for each step that the kernel has refused. Returns the first
 * required step that was refused, and the rest has not been tried; else -1.
 */
int privileges_apply(const struct privileges *privileges,
    void (*refused)(void *data, enum privileges_step step, int error), void *data);

/*
 * Our own, as root: in effect are from here on chown, kill, setgid, setpcap and setuid; what else
 * is needed (one bit each; PRIVILEGES_ALL) can be raised by the child that is to have it, and the
 * rest is gone. The bounding set stays, for a child has no more than that. Appends what is left in
 * the words of cap_to_text(3). Returns 0 or -errno.
 */
int privileges_lower(uint64_t needed, struct text *out);

/*
 * Between the two we read /proc as the owner of the process pid and with all that we may have: what
 * is another user's, or has more in effect than we, is closed to us without CAP_SYS_PTRACE, which
 * containers as a rule do not have (ptrace(2), access mode checking). By setfsuid(2), which gives
 * that user no hold on us. False: nothing has changed, and nothing is to be given back.
 */
struct privileges_loan {
	void *sets;
	int dumpable;
};
bool privileges_borrow(struct privileges_loan *loan, pid_t pid);
void privileges_give_back(struct privileges_loan *loan);

/* The name of the key that a step belongs to. */
const char *privileges_step_to_string(enum privileges_step step);
