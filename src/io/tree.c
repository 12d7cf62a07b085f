#include "io/tree.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "io/cgroup.h"
#include "io/proc.h"
#include "util/macros.h"

enum {
	DEPTH_MAX = 1000,    /* ancestors looked at */
	STOP_PASSES_MAX = 4, /* before each KILL */
	UNKNOWN_MAX = 64,    /* children looked at one by one, before all processes are */
};

struct seen {
	struct proc_stat stat;
	struct tree *tree; /* NULL: nobody's */
	bool is_judged;
};

struct look {
	struct tree *const *trees;
	size_t tree_count;
	struct seen *seen; /* by pid */
	size_t count;
	size_t sorted_count; /* of them, for bsearch */
	size_t capacity;
	int result;
};

/* ---- who belongs to it ---- */

static bool has_leader(const struct tree *tree, pid_t leader)
{
	for (size_t i = 0; leader && i < TREE_LEADERS_MAX; i++)
		if (tree->leaders[i] == leader)
			return true;
	return false;
}

void tree_set_main(struct tree *tree, pid_t main_pid, pid_t leader)
{
	tree->main_pid = main_pid;
	if (!leader || leader == getsid(0) || has_leader(tree, leader))
		return;
	memmove(tree->leaders + 1, tree->leaders, (TREE_LEADERS_MAX - 1) * sizeof(*tree->leaders));
	tree->leaders[0] = leader;
}

void tree_clear(struct tree *tree)
{
	free(tree->members);
	tree->members = NULL;
	tree->count = 0;
	tree->main_pid = 0;
	memset(tree->leaders, 0, sizeof(tree->leaders));
}

static int compare_member(const void *key, const void *member)
{
	const struct proc_stat *stat = key;
	pid_t pid = ((const struct tree_member *)member)->pid;

	return (stat->pid > pid) - (stat->pid < pid);
}

static bool is_remembered(const struct tree *tree, const struct proc_stat *stat)
{
	const struct tree_member *member = NULL;

	if (tree->count)
		member = bsearch(
		    stat, tree->members, tree->count, sizeof(*tree->members), compare_member);
	return member && member->start_time == stat->start_time;
}

/* By what can be said of it without its ancestors. */
static bool is_member(const struct tree *tree, const struct proc_stat *stat)
{
	return stat->pid == tree->main_pid || has_leader(tree, stat->session) ||
	       has_leader(tree, stat->group) || is_remembered(tree, stat);
}

/* It has lost its parent: to us, or to the init of the place where we may not be its reaper. */
static bool is_orphan(const struct proc_stat *stat)
{
	return stat->parent == getpid() || stat->parent == 1;
}

static struct tree *find_by_birth(struct tree *const *trees, size_t count, pid_t pid)
{
	char mark[TREE_MARK_BYTES], path[PATH_MAX];
	bool has_mark = false, has_cgroup = false;

	for (size_t i = 0; i < count; i++) {
		has_mark = has_mark || trees[i]->mark[0];
		has_cgroup = has_cgroup || trees[i]->cgroup;
	}
	if (has_cgroup && cgroup_read_path(pid, path, sizeof(path)) == 0)
		for (size_t i = 0; i < count; i++)
			if (trees[i]->cgroup && cgroup_has(trees[i]->cgroup, path))
				return trees[i];
	if (!has_mark || proc_read_variable(pid, TREE_MARK_NAME, mark, sizeof(mark)))
		return NULL;
	for (size_t i = 0; mark[0] && i < count; i++)
		if (strcmp(trees[i]->mark, mark) == 0)
			return trees[i];
	return NULL;
}

bool tree_has(const struct tree *tree, const struct proc_stat *stat)
{
	struct tree copy = *tree, *trees[] = { &copy };
	struct proc_stat at = *stat;

	for (unsigned depth = 0; depth < DEPTH_MAX; depth++) {
		if (is_member(tree, &at))
			return true;
		if (is_orphan(&at))
			return find_by_birth(trees, ARRAY_LEN(trees), at.pid) != NULL;
		if (!at.parent || proc_read_stat(at.parent, &at))
			return false;
	}
	return false;
}

/* ---- a look at all processes ---- */

static bool look_add(void *data, const struct proc_stat *stat)
{
	struct look *look = data;

	if (look->count == look->capacity) {
		size_t capacity = look->capacity ? 2 * look->capacity : 256;
		struct seen *seen = NULL;

		if (capacity <= TREE_PROCESSES_MAX)
			seen = realloc(look->seen, capacity * sizeof(*seen));
		if (!seen) {
			look->result = -ENOMEM;
			return false;
		}
		look->seen = seen;
		look->capacity = capacity;
	}
	look->seen[look->count++] = (struct seen){ .stat = *stat };
	return true;
}

static int compare_seen(const void *a, const void *b)
{
	pid_t left = ((const struct seen *)a)->stat.pid, right = ((const struct seen *)b)->stat.pid;

	return (left > right) - (left < right);
}

static void look_sort(struct look *look)
{
	if (look->count)
		qsort(look->seen, look->count, sizeof(*look->seen), compare_seen);
	look->sorted_count = look->count;
}

static struct seen *look_find(const struct look *look, pid_t pid)
{
	struct seen key = { .stat = { .pid = pid } };

	if (!look->sorted_count)
		return NULL;
	return bsearch(&key, look->seen, look->sorted_count, sizeof(key), compare_seen);
}

static struct tree *look_judge(const struct look *look, struct seen *seen, unsigned depth)
{
	struct seen *parent;

	if (seen->is_judged)
		return seen->tree;
	/* Before its ancestors are: a pid used again can make a circle of them. */
	seen->is_judged = true;
	for (size_t i = 0; i < look->tree_count && !seen->tree; i++)
		if (is_member(look->trees[i], &seen->stat))
			seen->tree = look->trees[i];
	if (seen->tree || proc_is_dead(&seen->stat))
		return seen->tree;
	if (is_orphan(&seen->stat))
		return seen->tree = find_by_birth(look->trees, look->tree_count, seen->stat.pid);
	parent = look_find(look, seen->stat.parent);
	if (parent && depth < DEPTH_MAX)
		seen->tree = look_judge(look, parent, depth + 1);
	return seen->tree;
}

/* A number that nobody bears any more may be anybody's soon. */
static void forget_empty_groups(const struct look *look, struct tree *tree)
{
	bool is_there[TREE_LEADERS_MAX] = { false };

	for (size_t i = 0; i < look->count; i++)
		for (size_t k = 0; k < TREE_LEADERS_MAX; k++)
			if (look->seen[i].stat.session == tree->leaders[k] ||
			    look->seen[i].stat.group == tree->leaders[k])
				is_there[k] = true;
	for (size_t k = 0; k < TREE_LEADERS_MAX; k++)
		if (!is_there[k] && tree->leaders[k] != tree->main_pid)
			tree->leaders[k] = 0;
}

static int take_members(const struct look *look, struct tree *tree)
{
	struct tree_member *members = NULL;
	size_t count = 0;

	for (size_t i = 0; i < look->count; i++)
		count += look->seen[i].tree == tree && !proc_is_dead(&look->seen[i].stat);
	if (count > TREE_MEMBERS_MAX)
		count = TREE_MEMBERS_MAX;
	if (count) {
		members = malloc(count * sizeof(*members));
		if (!members)
			return -ENOMEM;
	}
	free(tree->members);
	tree->members = members;
	tree->count = 0;
	for (size_t i = 0; i < look->count && tree->count < count; i++) {
		const struct proc_stat *stat = &look->seen[i].stat;

		if (look->seen[i].tree == tree && !proc_is_dead(stat))
			members[tree->count++] = (struct tree_member){ .pid = stat->pid,
				.group = stat->group,
				.start_time = stat->start_time,
				.is_child = stat->parent == getpid(),
				.is_stopped = stat->state == 'T' || stat->state == 't' };
	}
	return 0;
}

/* What has come to us while the others were read stands behind them. */
static bool look_add_newcomer(void *data, pid_t pid)
{
	struct look *look = data;
	struct proc_stat stat;

	if (look_find(look, pid))
		return true;
	return proc_read_stat(pid, &stat) || proc_is_dead(&stat) || look_add(look, &stat);
}

int tree_look(struct tree *const *trees, size_t count,
    void (*on_orphan)(void *data, const struct proc_stat *stat), void *data)
{
	struct look look = { .trees = trees, .tree_count = count };
	int result = proc_each(look_add, &look);

	look_sort(&look);
	if (!result && !look.result)
		(void)proc_each_child(look_add_newcomer, &look);
	look_sort(&look);
	result = result ? result : look.result;
	for (size_t i = 0; !result && i < look.count; i++)
		(void)look_judge(&look, &look.seen[i], 0);
	for (size_t i = 0; !result && i < count; i++) {
		forget_empty_groups(&look, trees[i]);
		result = take_members(&look, trees[i]);
	}
	for (size_t i = 0; !result && on_orphan && i < look.count; i++)
		if (!look.seen[i].tree && look.seen[i].stat.parent == getpid() &&
		    !proc_is_dead(&look.seen[i].stat))
			on_orphan(data, &look.seen[i].stat);
	free(look.seen);
	return result;
}

bool tree_is_alive(struct tree *tree)
{
	return tree_look(&tree, 1, NULL, NULL) || tree->count;
}

bool tree_has_survivor(struct tree *tree)
{
	for (; tree->count; tree->count--) {
		const struct tree_member *member = &tree->members[tree->count - 1];
		struct proc_stat stat;

		if (proc_read_stat(member->pid, &stat) == 0 &&
		    stat.start_time == member->start_time && !proc_is_dead(&stat))
			return true;
	}
	return false;
}

/* ---- children ---- */

struct child_search {
	bool (*is_known)(void *data, pid_t pid);
	void *data;
	unsigned dead;
	bool has_unknown;
};

static bool visit_child(void *data, pid_t pid)
{
	struct child_search *search = data;
	struct proc_stat stat;

	if (search->is_known(search->data, pid))
		return true;
	/* The dead have left their own children to us already. */
	if (search->dead < UNKNOWN_MAX && proc_read_stat(pid, &stat) == 0 && proc_is_dead(&stat)) {
		search->dead++;
		return true;
	}
	search->has_unknown = true;
	return false;
}

bool tree_are_children_known(bool (*is_known)(void *data, pid_t pid), void *data)
{
	struct child_search search = { .is_known = is_known, .data = data };
	int is_subreaper = 0;

	if (getpid() != 1 && (prctl(PR_GET_CHILD_SUBREAPER, &is_subreaper) < 0 || !is_subreaper))
		return false;
	return proc_each_child(visit_child, &search) == 0 && !search.has_unknown;
}

/* ---- signals ---- */

int tree_signal_main(pid_t main_pid, int signal)
{
	if (kill(main_pid, signal) < 0)
		return -errno;
	/* Gone in between is as good as woken. */
	if (signal != SIGKILL && signal != SIGSTOP && kill(main_pid, SIGCONT) < 0 && errno != ESRCH)
		return -errno;
	return 0;
}

void tree_signal(const struct tree *tree, int signal)
{
	bool has_group[TREE_LEADERS_MAX] = { false };

	/* A group at once, so that no member sees another die first. */
	for (size_t i = 0; i < TREE_LEADERS_MAX; i++)
		has_group[i] = tree->leaders[i] && tree_signal_main(-tree->leaders[i], signal) == 0;
	for (size_t i = 0; i < tree->count; i++) {
		const struct tree_member *member = &tree->members[i];
		struct proc_stat stat;
		bool is_done = false;

		for (size_t k = 0; k < TREE_LEADERS_MAX; k++)
			is_done = is_done || (has_group[k] && member->group == tree->leaders[k]);
		if (is_done || proc_read_stat(member->pid, &stat) ||
		    stat.start_time != member->start_time)
			continue;
		/* Gone in between, or not ours to signal: the next look will tell. */
		(void)tree_signal_main(member->pid, signal);
	}
}

static bool is_stopped(const struct tree *tree)
{
	for (size_t i = 0; i < tree->count; i++)
		if (!tree->members[i].is_stopped)
			return false;
	return true;
}

void tree_kill(struct tree *tree)
{
	/*
	 * What it does not reach is found below. Who is born by clone3(2) into a cgroup that has
	 * been killed once may be killed at birth (seen with Linux 6.18).
	 */
	if (tree->cgroup) {
		tree->has_killed_cgroup = true;
		(void)cgroup_kill(tree->cgroup);
	}
	for (unsigned pass = 0; pass < STOP_PASSES_MAX; pass++) {
		if (tree_look(&tree, 1, NULL, NULL) || is_stopped(tree))
			break;
		tree_signal(tree, SIGSTOP);
	}
	tree_signal(tree, SIGKILL);
}
