#include "app/identity.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/account_text.h"
#include "io/spawn.h"
#include "io/text_file.h"
#include "util/macros.h"
#include "util/parse.h"
#include "util/text.h"

enum {
	ACCOUNT_FILE_BYTES = 1 << 20,
};

/* The two files; a text that is not there is "". */
struct accounts {
	char *passwd;
	char *group;
};

static int read_accounts(const char *path, char **ret_text, struct error *error)
{
	size_t length;
	int result = text_file_read(path, ACCOUNT_FILE_BYTES, ret_text, &length);

	if (result == -ENOENT) { /* an image may do without: numbers need no entry */
		*ret_text = strdup("");
		result = *ret_text ? 0 : -ENOMEM;
	}
	return result ? error_set(error, result, "%s: %s", path, strerror(-result)) : 0;
}

static bool parse_id(const char *word, uint32_t *ret_id)
{
	uint64_t id;

	if (parse_count(word, 0, UINT32_MAX - 1, &id))
		return false;
	*ret_id = (uint32_t)id;
	return true;
}

static int resolve_group(
    const struct accounts *accounts, const char *word, gid_t *ret_gid, struct error *error)
{
	uint32_t gid;

	if (!parse_id(word, &gid) && account_find_group(accounts->group, word, &gid))
		return error_set(error, -ENOENT, "group '%s': no such group in /etc/group", word);
	*ret_gid = gid;
	return 0;
}

/* Its group and groups are as in the files, unless the configuration says otherwise. */
static int resolve_user(const struct accounts *accounts, const char *word,
    struct privileges *privileges, struct error *error)
{
	uint32_t uid, gid, groups[PRIVILEGES_GROUPS_MAX];
	const char *name = word;
	size_t length = strlen(word), count;

	if (parse_id(word, &uid)) {
		/* A number without an entry has the group of that number, and no other. */
		if (account_find_uid(accounts->passwd, uid, &gid, &name, &length)) {
			gid = uid;
			length = 0;
		}
	} else if (account_find_user(accounts->passwd, word, &uid, &gid)) {
		return error_set(error, -ENOENT, "user '%s': no such user in /etc/passwd", word);
	}
	count = length ? account_find_memberships(
			     accounts->group, name, length, groups, PRIVILEGES_GROUPS_MAX)
		       : 0;
	if (count > PRIVILEGES_GROUPS_MAX)
		return error_set(error, -E2BIG, "user '%s': is in more than %d groups", word,
		    PRIVILEGES_GROUPS_MAX);
	privileges->has_user = privileges->has_group = privileges->has_groups = true;
	privileges->uid = uid;
	privileges->gid = gid;
	privileges->group_count = count;
	for (size_t i = 0; i < count; i++)
		privileges->groups[i] = groups[i];
	return 0;
}

static int resolve_groups(const struct accounts *accounts, const char *text,
    struct privileges *privileges, struct error *error)
{
	struct words words;
	int result = words_split_blanks(text, &words, error);

	if (result)
		return result;
	if (words.count > PRIVILEGES_GROUPS_MAX)
		result =
		    error_set(error, -E2BIG, "groups: at most %d of them", PRIVILEGES_GROUPS_MAX);
	privileges->has_groups = true;
	privileges->group_count = words.count;
	for (size_t i = 0; !result && i < words.count; i++)
		result = resolve_group(accounts, words.items[i], &privileges->groups[i], error);
	words_deinit(&words);
	return result;
}

static int resolve_names(
    const struct identity_config *config, struct privileges *privileges, struct error *error)
{
	struct accounts accounts = { .passwd = NULL };
	int result;

	if (!config->user && !config->group && !config->groups)
		return 0;
	result = read_accounts("/etc/passwd", &accounts.passwd, error);
	if (!result)
		result = read_accounts("/etc/group", &accounts.group, error);
	if (!result && config->user)
		result = resolve_user(&accounts, config->user, privileges, error);
	if (!result && config->group) {
		privileges->has_group = true;
		result = resolve_group(&accounts, config->group, &privileges->gid, error);
	}
	if (!result && config->groups)
		result = resolve_groups(&accounts, config->groups, privileges, error);
	free(accounts.passwd);
	free(accounts.group);
	return result;
}

static int resolve_capabilities(const char *text, uint64_t *ret_capabilities, struct error *error)
{
	struct words words;
	int result = words_split_blanks(text, &words, error);
	bool is_none = words.count == 1 && strcmp(words.items[0], "none") == 0;

	*ret_capabilities = 0;
	for (size_t i = 0; !result && !is_none && i < words.count; i++) {
		int number = privileges_capability(words.items[i]);

		if (number < 0)
			result = error_set(error, -EINVAL,
			    "capabilities: '%s' is no capability; write names such as "
			    "net_bind_service, or none",
			    words.items[i]);
		else
			*ret_capabilities |= UINT64_C(1) << number;
	}
	words_deinit(&words);
	return result;
}

static void set_limit(struct privileges_limit *limit, uint64_t value)
{
	rlim_t both = value == LIMIT_UNLIMITED ? RLIM_INFINITY : (rlim_t)value;

	*limit = (struct privileges_limit){ .is_set = value != LIMIT_INHERITED,
		.value = { .rlim_cur = both, .rlim_max = both } };
}

int identity_resolve(const struct identity_config *config, bool is_strict,
    struct privileges *ret_privileges, struct error *error)
{
	struct privileges *privileges = ret_privileges;
	int result;

	*privileges = (struct privileges){ .has_umask = config->umask >= 0,
		.umask = (mode_t)config->umask,
		.has_oom_score_adj = config->oom_score_adj != INT_MIN,
		.oom_score_adj = config->oom_score_adj,
		.no_new_privs = config->no_new_privs };
	set_limit(&privileges->nofile, config->nofile);
	set_limit(&privileges->nproc, config->nproc);
	set_limit(&privileges->core, config->core);
	result = resolve_names(config, privileges, error);
	if (!result && config->capabilities)
		result =
		    resolve_capabilities(config->capabilities, &privileges->capabilities, error);
	/* Who leaves root behind leaves its powers behind, unless told otherwise. */
	privileges->has_capabilities =
	    config->capabilities || (geteuid() == 0 && privileges->has_user && privileges->uid);
	/* Root that fails to become somebody else must never go on as root. */
	if (geteuid() == 0)
		privileges->required =
		    1u << PRIVILEGES_USER | 1u << PRIVILEGES_GROUP | 1u << PRIVILEGES_GROUPS;
	if (is_strict)
		privileges->required = (1u << PRIVILEGES_STEP_COUNT_) - 1;
	if (!result && privileges_prepare(privileges))
		result = error_set(error, -ENOMEM, "capabilities: no memory");
	return result;
}

bool identity_describe_refused(const struct spawn_report *report, struct text *out)
{
	bool is_first = true;

	for (int i = 0; i < PRIVILEGES_STEP_COUNT_; i++) {
		if (!report->refused[i])
			continue;
		text_addf(out, "%s%s: %s", is_first ? "" : "; ",
		    privileges_step_to_string((enum privileges_step)i),
		    strerror(report->refused[i]));
		is_first = false;
	}
	return !is_first;
}

static uint64_t needs_of(const struct identity_config *config)
{
	struct privileges privileges = { .sets = NULL };
	uint64_t needs = 0;
	struct error error;

	/* Who is unknown as yet is not root, whoever it becomes. */
	if (config->capabilities)
		(void)resolve_capabilities(config->capabilities, &needs, &error);
	else if (!identity_resolve(config, false, &privileges, &error) &&
		 !privileges.has_capabilities)
		needs = PRIVILEGES_ALL;
	if (config->nofile != LIMIT_INHERITED || config->nproc != LIMIT_INHERITED ||
	    config->core != LIMIT_INHERITED || config->oom_score_adj != INT_MIN)
		needs |= UINT64_C(1) << privileges_capability("sys_resource");
	privileges_deinit(&privileges);
	return needs;
}

int identity_lower(const struct config *config, char *words, size_t size_bytes)
{
	uint64_t needs = 0;
	struct text text;

	if (geteuid() != 0)
		return 1;
	for (size_t i = 0; i < config->service_count; i++)
		needs |= needs_of(&config->services[i].identity);
	for (size_t i = 0; i < config->task_count; i++)
		needs |= needs_of(&config->tasks[i].identity);
	text_init(&text, words, size_bytes);
	return privileges_lower(needs, &text);
}
