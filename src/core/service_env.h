/* The environment a service starts with (spec 20 part 2). */
#pragma once

#include "core/config.h"
#include "core/words.h"

/* What nemoinit itself gives; NULL: not given. */
struct service_env {
	const char *event;         /* NEMOINIT_EVENT; for tasks */
	const char *service;       /* NEMOINIT_SERVICE; likewise */
	const char *socket;        /* NEMOINIT_SOCKET */
	const char *notify_socket; /* NOTIFY_SOCKET */
	const char *path;          /* PATH */
	const char *mark;          /* _NEMOINIT, by which its descendants are known */
	const struct words *file;  /* what its env_file says */
};

/*
 * inherited, less what concerns nemoinit alone (NEMOINIT_*, its own NOTIFY_SOCKET, LISTEN_*,
 * WATCHDOG_*, _NEMOINIT) and less env_unset; then what nemoinit gives; then the env_file; then
 * env.NAME, which wins but over the mark. The caller deinits *ret_environment; its items are an
 * envp. Returns 0 or -ENOMEM.
 */
int service_env_build(char *const *inherited, const struct service_config *config,
    const struct service_env *given, struct words *ret_environment);

/* The same for a task. */
int task_env_build(char *const *inherited, const struct task_config *config,
    const struct service_env *given, struct words *ret_environment);
