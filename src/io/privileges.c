#include "io/privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/macros.h"

static const char *const step_names[] = {
	[PRIVILEGES_UMASK] = "umask",
	[PRIVILEGES_OOM_SCORE_ADJ] = "oom_score_adj",
	[PRIVILEGES_LIMIT_NOFILE] = "limit_nofile",
	[PRIVILEGES_LIMIT_NPROC] = "limit_nproc",
	[PRIVILEGES_LIMIT_CORE] = "limit_core",
	[PRIVILEGES_GROUPS] = "groups",
	[PRIVILEGES_GROUP] = "group",
	[PRIVILEGES_BOUNDING] = "capabilities",
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

int privileges_prepare(struct privileges *privileges)
{
	cap_t sets;

	if (!privileges->has_capabilities)
		return 0;
	sets = cap_init();
	if (!sets)
		return -ENOMEM;
	privileges->sets = sets;
	for (cap_value_t cap = 0; cap < cap_max_bits() && cap < 64; cap++) {
		if (!(privileges->capabilities >> cap & 1))
			continue;
		if (cap_set_flag(sets, CAP_PERMITTED, 1, &cap, CAP_SET) < 0 ||
		    cap_set_flag(sets, CAP_EFFECTIVE, 1, &cap, CAP_SET) < 0 ||
		    cap_set_flag(sets, CAP_INHERITABLE, 1, &cap, CAP_SET) < 0)
			return -EINVAL;
	}
	return 0;
}

void privileges_deinit(struct privileges *privileges)
{
	if (privileges->sets)
		cap_free(privileges->sets);
	privileges->sets = NULL;
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

/* Without a right to set them: are they like that already? */
static int apply_groups(const struct privileges *privileges)
{
	gid_t now[PRIVILEGES_GROUPS_MAX];
	int count;

	if (!privileges->has_groups || setgroups(privileges->group_count, privileges->groups) == 0)
		return 0;
	count = getgroups(PRIVILEGES_GROUPS_MAX, now);
	if (count == (int)privileges->group_count &&
	    memcmp(now, privileges->groups, (size_t)count * sizeof(*now)) == 0)
		return 0;
	return EPERM;
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
	return setresuid(uid, uid, uid) < 0 ? errno : 0;
}

/* Who is not root has after exec only what is ambient. */
static int apply_capabilities(const struct privileges *privileges)
{
	int error = 0;

	if (!privileges->has_capabilities || geteuid() == 0)
		return 0;
	if (cap_set_proc(privileges->sets) < 0)
		return errno;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL)
		error = errno;
	for (cap_value_t cap = 0; cap < 64; cap++)
		if (keeps(privileges, cap) &&
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
