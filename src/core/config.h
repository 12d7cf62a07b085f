/*
 * The configuration as the programs use it: typed, expanded, checked. Built from the built-in
 * services, a file and the environment (spec 20 part 2); every rule about keys is in the table of
 * config_keys.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/probe_target.h"
#include "core/problems.h"
#include "core/settings.h"
#include "core/words.h"

enum restart_policy {
	RESTART_ALWAYS,
	RESTART_ON_FAILURE,
	RESTART_NEVER,
};

enum crash_action {
	CRASH_SLOW,
	CRASH_BLOCK,
};

enum output_mode {
	OUTPUT_CAPTURE,
	OUTPUT_INHERIT,
	OUTPUT_NULL,
};

enum task_when {
	TASK_BOOT,
	TASK_START,
	TASK_READY,
	TASK_TROUBLE,
};

enum task_on_failure {
	TASK_BLOCK,
	TASK_CONTINUE,
};

enum status_access {
	STATUS_ACCESS_ALL,
	STATUS_ACCESS_OWNER,
};

enum interrupt_mode {
	INTERRUPT_AUTO,
	INTERRUPT_STOP,
	INTERRUPT_IGNORE,
};

enum log_format {
	LOG_TEXT,
	LOG_JSON,
};

enum unhealthy_action {
	UNHEALTHY_RESTART,
	UNHEALTHY_REPORT,
};

#define LIMIT_UNLIMITED UINT64_MAX
#define LIMIT_INHERITED (UINT64_MAX - 1)

/*
 * Who a process is and what it may do. Names are looked up when it is started: accounts may come
 * later than the configuration.
 */
struct identity_config {
	char *user;         /* name or number; NULL: ours */
	char *group;        /* NULL: that of the user, else ours */
	char *groups;       /* names and numbers, blanks between; NULL: those of the user */
	char *capabilities; /* names, or `none`; NULL: not said */
	int umask;          /* -1: inherited */
	int oom_score_adj;  /* INT_MIN: inherited */
	uint64_t nofile;    /* LIMIT_* */
	uint64_t nproc;
	uint64_t core;
	bool no_new_privs;
};

enum {
	CONFIG_LOG_KEEP_MAX = 100,
};

/* At most `count` in `window_ms`. */
struct rate_limit {
	uint32_t count;
	uint64_t window_ms;
};

/* A set of exit codes, one bit each. */
struct exit_codes {
	uint32_t bits[8];
};

/* `fatal_output.ID = TEXT` */
struct fatal_output {
	char *id;
	char *text; /* folded, as fatal_text_feed wants it */
};

struct service_config {
	char *name;
	struct words command; /* argv */
	struct words after;
	uint16_t *after_index; /* the same, as places in config.services; NULL without any */
	uint16_t level;        /* longest chain of `after` below it: starts later, stops earlier */
	struct words restart_with;
	struct words env;       /* `NAME=value` */
	struct words env_unset; /* names */
	char *env_file;         /* path, read at each start; NULL: none */
	struct words repair;    /* argv; none: nothing is repaired */
	struct fatal_output *fatal_outputs;
	size_t fatal_output_count;
	struct identity_config identity;
	char *working_directory;
	char *probe_expect;
	struct probe_target probe;
	struct status_codes probe_status;
	struct exit_codes fatal_exit_codes;
	struct rate_limit crash_limit;
	uint64_t restart_delay_ms;
	uint64_t restart_delay_max_ms;
	uint64_t stable_after_ms;
	uint64_t fatal_retry_ms; /* 0: never */
	uint64_t start_timeout_ms;
	uint64_t stop_timeout_ms;
	uint64_t probe_interval_ms;
	uint64_t probe_timeout_ms;
	uint64_t probe_start_interval_ms;
	uint64_t probe_retry_interval_ms;
	uint64_t unhealthy_after_ms;
	uint64_t probe_restart_interval_ms;
	uint64_t watchdog_ms; /* 0: none */
	uint64_t repair_timeout_ms;
	enum restart_policy restart;
	enum crash_action crash_action;
	enum unhealthy_action unhealthy_action;
	enum output_mode output;
	int stop_signal;
	uint16_t port; /* 0: none */
	bool enabled;
	bool is_main;                   /* the command of nemoinit's command line */
	bool is_skipped_by_environment; /* NEMOCLAW_SKIP_AUTO_PAIR */
};

/* A one-shot step. */
struct task_config {
	char *name;
	struct words command; /* argv */
	struct words of;      /* services; none: all */
	uint16_t *of_index;   /* the same, as places in config.services; NULL without any */
	struct words env;     /* `NAME=value` */
	struct identity_config identity; /* user and group only */
	char *working_directory;
	uint64_t timeout_ms;
	enum task_when when;
	enum task_on_failure on_failure;
};

struct config {
	char *file; /* NULL: built-in configuration */
	char *socket;
	int socket_mode;    /* -1: by who we are */
	char *socket_group; /* name or number; NULL: none */
	enum status_access status_access;
	uint16_t gateway_port;
	uint64_t stop_budget_ms;
	enum interrupt_mode interrupt;
	enum log_format log_format;
	char *log_dir;          /* absolute; NULL: no log files */
	uint64_t log_max_bytes; /* of one of them */
	int log_keep;           /* so many older ones beside each */
	bool redact;
	char *path; /* PATH for commands */
	bool strict_privileges;
	char *state_dir; /* NULL: nothing is kept for the next life */
	struct service_config *services;
	size_t service_count;
	struct task_config *tasks; /* in the order of the file */
	size_t task_count;

	/* The text it was made of, for config_print: config_forget_text frees it. */
	struct settings file_settings;
	struct settings environment_settings;
	char gateway_port_origin[64];
};

/* Where the configuration comes from. All borrowed, for the time of the call. */
struct config_sources {
	const char *file; /* NULL: built-in configuration, text is not read */
	const char *text;
	size_t text_bytes;
	char *const *environment;
	bool is_root;
	char *const *command;  /* to run as the service `main`; NULL: none */
	const char *directory; /* where that is started; NULL: where we are */
	/* The number of a capability, less than 0: no such name. NULL: any name is one. */
	int (*find_capability)(const char *name);
};

/*
 * Builds *ret_config. Problems of the file go to errors; those of the environment, where the
 * file's value then stays, go to warnings. Returns 0 (the caller deinits *ret_config), or -EINVAL
 * when errors is not empty.
 */
int config_build(const struct config_sources *sources, struct config *ret_config,
    struct problems *errors, struct problems *warnings);

/* Frees what is owned; a zeroed struct is fine. */
void config_deinit(struct config *config);
/* Likewise one service, for whoever has moved it out of its configuration. */
void service_config_deinit(struct service_config *service);

/* Frees the settings text, which only config_print needs. */
void config_forget_text(struct config *config);

/* Frees the services, when they have been moved to where they are used. */
void config_forget_services(struct config *config);

void identity_config_deinit(struct identity_config *identity);

/* Place of the service called name, or -1. */
int config_find_service(const struct config *config, const char *name);

/*
 * The effective configuration as INI, each key followed by `; ORIGIN`; itself a valid file.
 * Values of environment variables that look like secrets are masked. A heap string, the caller's;
 * NULL when memory is short.
 */
char *config_print(const struct config *config);

/* The built-in services as INI text (conf/nemoinit.ini). */
extern const char builtin_ini[];
