/* What is read of processes that are not well. */
#include "test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/proc.h"

/* A child that waits in state D until it is killed: for the end of its own vfork(2). */
static pid_t make_stuck(int ends[2])
{
	struct proc_stat stat = { .state = '?' };
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		char byte;

		(void)close(ends[1]);
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)prctl(PR_SET_NAME, "stuck");
		if (vfork() == 0) {
			(void)read(ends[0], &byte, 1);
			_exit(0);
		}
		(void)pause();
		_exit(1);
	}
	assert_true(child > 0);
	(void)close(ends[0]);
	for (long tries = 0; stat.state != 'D' && tries < 10000000; tries++)
		assert_int_equal(proc_read_stat(child, &stat), 0);
	assert_int_equal(stat.state, 'D');
	return child;
}

static void commands_are_read(void **state)
{
	char command[256], name[64];

	proc_read_command(getpid(), command, sizeof(command));
	assert_non_null(strstr(command, "test_proc"));
	assert_null(strchr(command, '['));
	snprintf(name, sizeof(name), "%.4s", command);
	proc_read_command(getpid(), command, 5);
	assert_int_equal(strncmp(command, name, 4), 0);
	proc_read_command(0x7ffffff0, command, sizeof(command));
	assert_string_equal(command, "");
}

static void memory_of_the_stuck_is_not_touched(void **state)
{
	const char *preloaded = getenv("LD_PRELOAD");
	char command[256];
	int ends[2];
	pid_t child;

	if (preloaded && strstr(preloaded, "vgpreload"))
		skip(); /* valgrind makes a fork(2) of vfork(2): nobody waits in state D */
	child = make_stuck(ends);
	proc_read_command(child, command, sizeof(command));
	assert_string_equal(command, "[stuck]");
	(void)close(ends[1]);
	(void)kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_are_read),
		cmocka_unit_test(memory_of_the_stuck_is_not_touched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
