#include "io/privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/macros.h"
#include "util/text.h"

static const char *const step_names[] = {
	[PRIVILEGES_UMASK] = "umask",
	[PRIVILEGES_OOM_SCORE_ADJ] = "oom_score_adj",
	[PRIVILEGES_LIMIT_NOFILE] = "limit_nofile",
	[PRIVILEGES_LIMIT_NPROC] = "limit_nproc",
	[PRIVILEGES_LIMIT_CORE] = "limit_core",
	[PRIVILEGES_GROUPS] = "groups",
	[PRIVILEGES_GROUP] = "group",
	[PRIVILEGES_BOUNDING] = "capabilities (bounding set)",
	[PRIVILEGES_USER] = "user",
	[PRIVILEGES_CAPABILITIES] = "capabilities",
	[PRIVILEGES_NO_NEW_PRIVS] = "no_new_privs",
};
static_assert(ARRAY_LEN(step_names) == PRIVILEGES_STEP_COUNT_, "a name for every step");

const char *privileges_step_to_string(enum privileges_step step)
{
	return step_names[step];
}

int privileges_capability(const char *name)
{
	char full[64];
	cap_value_t value;

	snprintf(full, sizeof(full), "%s%s", strncasecmp(name, "cap_", 4) == 0 ? "" : "cap_", name);
	/* It takes numbers too, and what follows a name: only the name itself is wanted. */
	if (strlen(name) > 40 ||
	    strspn(full + 4, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_") !=
		strlen(full + 4) ||
	    cap_from_name(full, &value) < 0 || value < 0 || value >= 64)
		return -EINVAL;
	return value;
}

/* A copy of sets with all that is permitted in effect. NULL: no memory. */
static cap_t raise_all(cap_t sets)
{
	cap_t all = cap_dup(sets);
	cap_flag_value_t value;

	for (cap_value_t cap = 0; all && cap < cap_max_bits(); cap++)
		if (cap_get_flag(sets, cap, CAP_PERMITTED, &value) == 0 &&
		    cap_set_flag(all, CAP_EFFECTIVE, 1, &cap, value) < 0)
			break; /* cannot be: the capability is one of libcap's own */
	return all;
}

/* ours: what we may have. Nobody can be given more. */
static int prepare_sets(struct privileges *privileges, cap_t ours)
{
	bool stays_root = (privileges->has_user ? privileges->uid : geteuid()) == 0;
	cap_t sets = privileges->sets = cap_init();

	if (!sets)
		return -ENOMEM;
	for (cap_value_t cap = 0; cap < cap_max_bits() && cap < 64; cap++) {
		cap_flag_value_t value = CAP_CLEAR;

		if (!(privileges->capabilities >> cap & 1) ||
		    cap_get_flag(ours, cap, CAP_PERMITTED, &value) < 0 || value == CAP_CLEAR ||
		    cap_get_bound(cap) != 1)
			continue;
		if (cap_set_flag(sets, CAP_PERMITTED, 1, &cap, CAP_SET) < 0 ||
		    cap_set_flag(sets, CAP_EFFECTIVE, 1, &cap, CAP_SET) < 0 ||
		    (!stays_root && cap_set_flag(sets, CAP_INHERITABLE, 1, &cap, CAP_SET) < 0))
			return -EINVAL;
		privileges->given |= UINT64_C(1) << cap;
	}
	privileges->ambient = stays_root ? 0 : privileges->given;
	return 0;
}

int privileges_prepare(struct privileges *privileges)
{
	cap_t ours = cap_get_proc();
	bool is_refused = !ours && errno != ENOMEM; /* by a filter of system calls */
	int result = 0;

	if (is_refused)
		ours = cap_init(); /* as far as we know, we have none to give */
	if (!ours)
		return -ENOMEM;
	if (!is_refused)
		privileges->all = raise_all(ours);
	if (!is_refused && !privileges->all)
		result = -ENOMEM;
	if (!result && privileges->has_capabilities)
		result = prepare_sets(privileges, ours);
	cap_free(ours);
	return result;
}

void privileges_deinit(struct privileges *privileges)
{
	if (privileges->sets)
		cap_free(privileges->sets);
	if (privileges->all)
		cap_free(privileges->all);
	privileges->sets = privileges->all = NULL;
}

/* ---- in the child: async-signal-safe calls only ---- */

/* Soft first: where the hard one cannot be raised, that much is had all the same. */
static int apply_limit(int resource, const struct privileges_limit *limit)
{
	struct rlimit now;
	int error = 0;

	if (!limit->is_set || getrlimit(resource, &now) < 0)
		return limit->is_set ? errno : 0;
	if (now.rlim_cur == limit->value.rlim_cur && now.rlim_max == limit->value.rlim_max)
		return 0;
	now.rlim_cur = limit->value.rlim_cur < now.rlim_max ? limit->value.rlim_cur : now.rlim_max;
	if (setrlimit(resource, &now) < 0)
		error = errno;
	if (setrlimit(resource, &limit->value) < 0)
		error = errno;
	return error;
}

static int apply_oom_score_adj(const struct privileges *privileges)
{
	char digits[16];
	int fd, length, value = privileges->oom_score_adj, error = 0;
	unsigned magnitude = value < 0 ? (unsigned)-value : (unsigned)value;

	if (!privileges->has_oom_score_adj)
		return 0;
	fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	/* By hand: snprintf(3) is not async-signal-safe. */
	length = sizeof(digits);
	do
		digits[--length] = (char)('0' + magnitude % 10);
	while (magnitude /= 10);
	if (value < 0)
		digits[--length] = '-';
	if (write(fd, digits + length, sizeof(digits) - (size_t)length) < 0)
		error = errno;
	close(fd);
	return error;
}

static bool has_group(const gid_t *groups, size_t count, gid_t group)
{
	for (size_t i = 0; i < count; i++)
		if (groups[i] == group)
			return true;
	return false;
}

/*
 * Without a right to set them: are they like that already, in whatever order? The group itself
 * makes no difference, and container runtimes list it.
 */
static int apply_groups(const struct privileges *privileges)
{
	gid_t now[PRIVILEGES_GROUPS_MAX], own = privileges->has_group ? privileges->gid : getegid();
	int count, error;

	if (!privileges->has_groups || setgroups(privileges->group_count, privileges->groups) == 0)
		return 0;
	error = errno;
	count = getgroups(PRIVILEGES_GROUPS_MAX, now);
	if (count < 0)
		return error;
	for (size_t i = 0; i < (size_t)count; i++)
		if (now[i] != own &&
		    !has_group(privileges->groups, privileges->group_count, now[i]))
			return error;
	for (size_t i = 0; i < privileges->group_count; i++)
		if (privileges->groups[i] != own &&
		    !has_group(now, (size_t)count, privileges->groups[i]))
			return error;
	return 0;
}

static int apply_group(const struct privileges *privileges)
{
	gid_t gid = privileges->gid;

	return privileges->has_group && setresgid(gid, gid, gid) < 0 ? errno : 0;
}

static bool keeps(const struct privileges *privileges, cap_value_t cap)
{
	return cap < 64 && privileges->capabilities >> cap & 1;
}

/* Needs CAP_SETPCAP, so it comes before the change of user. */
static int apply_bounding(const struct privileges *privileges)
{
	int error = 0;

	/* The kernel tells by EINVAL where its capabilities end. */
	for (cap_value_t cap = 0; privileges->has_capabilities && cap < 64; cap++) {
		int is_bound = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);

		if (is_bound < 0)
			break;
		if (is_bound && !keeps(privileges, cap) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			error = errno;
	}
	return error;
}

static int apply_user(const struct privileges *privileges)
{
	uid_t uid = privileges->uid;

	if (!privileges->has_user)
		return 0;
	/* Root that becomes somebody else would lose all its capabilities at once. */
	if (privileges->has_capabilities && privileges->capabilities && uid != 0 &&
	    prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return errno;
	if (setresuid(uid, uid, uid) < 0)
		return errno;
	/* One that was not root, but had a right to this, keeps what it had. EINVAL: Linux 4.2. */
	if (uid != 0)
		(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return 0;
}

/*
 * Root has after exec what is bounding, and with no_new_privs no more of it than is permitted now;
 * who is not root has only what is ambient, for which it must be inheritable too.
 */
static int apply_capabilities(const struct privileges *privileges)
{
	int error = privileges->given == privileges->capabilities ? 0 : EPERM;

	if (!privileges->has_capabilities)
		return 0;
	if (cap_set_proc(privileges->sets) < 0)
		return errno;
	for (cap_value_t cap = 0; cap < 64; cap++)
		if (privileges->ambient >> cap & 1 &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
			error = errno;
	return error;
}

static int apply_step(const struct privileges *privileges, enum privileges_step step)
{
	switch (step) {
	case PRIVILEGES_UMASK:
		if (privileges->has_umask)
			(void)umask(privileges->umask);
		return 0;
	case PRIVILEGES_OOM_SCORE_ADJ: return apply_oom_score_adj(privileges);
	case PRIVILEGES_LIMIT_NOFILE: return apply_limit(RLIMIT_NOFILE, &privileges->nofile);
	case PRIVILEGES_LIMIT_NPROC: return apply_limit(RLIMIT_NPROC, &privileges->nproc);
	case PRIVILEGES_LIMIT_CORE: return apply_limit(RLIMIT_CORE, &privileges->core);
	case PRIVILEGES_GROUPS: return apply_groups(privileges);
	case PRIVILEGES_GROUP: return apply_group(privileges);
	case PRIVILEGES_BOUNDING: return apply_bounding(privileges);
	case PRIVILEGES_USER: return apply_user(privileges);
	case PRIVILEGES_CAPABILITIES: return apply_capabilities(privileges);
	case PRIVILEGES_NO_NEW_PRIVS:
		return privileges->no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0
			   ? errno
			   : 0;
	case PRIVILEGES_STEP_COUNT_: break;
	}
	return 0;
}

int privileges_apply(const struct privileges *privileges,
    void (*refused)(void *data, enum privileges_step step, int error), void *data)
{
	/* Nobody is refused what is permitted. */
	if (privileges->all)
		(void)cap_set_proc(privileges->all);
	for (int step = 0; step < PRIVILEGES_STEP_COUNT_; step++) {
		int error = apply_step(privileges, (enum privileges_step)step);

		if (!error)
			continue;
		refused(data, (enum privileges_step)step, error);
		if (privileges->required >> step & 1)
			return step;
	}
	return -1;
}

/* ---- our own ---- */

static const cap_value_t kept[] = { CAP_CHOWN, CAP_KILL, CAP_SETGID, CAP_SETUID, CAP_SETPCAP };

static bool is_kept(cap_value_t cap)
{
	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		if (kept[i] == cap)
			return true;
	return false;
}

int privileges_lower(uint64_t needed, struct text *out)
{
	cap_t sets = cap_get_proc();
	char *words = NULL;
	int result = 0;

	if (!sets)
		return -errno;
	for (cap_value_t cap = 0; cap < cap_max_bits(); cap++) {
		bool is_needed = cap < 64 ? needed >> cap & 1 : needed == PRIVILEGES_ALL;

		/* Effective is within permitted: what is not there is not asked for. */
		if (is_kept(cap))
			continue;
		if (cap_set_flag(sets, CAP_EFFECTIVE, 1, &cap, CAP_CLEAR) < 0 ||
		    (!is_needed && cap_set_flag(sets, CAP_PERMITTED, 1, &cap, CAP_CLEAR) < 0))
			result = -errno;
	}
	if (!result && cap_set_proc(sets) < 0)
		result = -errno;
	if (!result)
		words = cap_to_text(sets, NULL);
	if (words)
		text_add(out, words);
	cap_free(words);
	cap_free(sets);
	return result;
}

bool privileges_borrow(struct privileges_loan *loan, pid_t pid)
{
	char path[32];
	struct stat owner;
	cap_t all;

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	if (geteuid() != 0 || stat(path, &owner) < 0)
		return false;
	loan->sets = cap_get_proc();
	if (!loan->sets)
		return false;
	all = raise_all(loan->sets);
	if (!all) {
		cap_free(loan->sets);
		return false;
	}
	loan->dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
	/* The group first, and the sets last: the change of user lowers them (capabilities(7)). */
	(void)setfsgid(owner.st_gid);
	(void)setfsuid(owner.st_uid);
	(void)cap_set_proc(all);
	cap_free(all);
	return true;
}

void privileges_give_back(struct privileges_loan *loan)
{
	(void)setfsuid(geteuid());
	(void)setfsgid(getegid());
	(void)cap_set_proc(loan->sets);
	if (loan->dumpable == 1)
		(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	cap_free(loan->sets);
}
