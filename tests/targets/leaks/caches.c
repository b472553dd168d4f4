/* SPDX-License-Identifier: Apache-2.0 */
/* What the C library keeps for itself: none of it is a leak of the program. */
#include <aio.h>
#include <dlfcn.h>
#include <errno.h>

#include <execinfo.h>
#include <fcntl.h>
#include <grp.h>
#include <iconv.h>
#include <langinfo.h>
#include <libintl.h>
#include <locale.h>
#include <netdb.h>
#include <pthread.h>
#include <pwd.h>
#include <search.h>
#include <signal.h>
#include <stdint.h>
#include <syslog.h>
#include <time.h>
#include <wchar.h>

#include "shapes.h"

static void nothing_lost(void)
{
	say_at_least("reachable", 0, 0);
}

static void environment(void)
{
	for (int i = 0; i < 20; i++) {
		char name[16], value[32];

		(void)snprintf(name, sizeof(name), "NAME_%d", i % 5);
		(void)snprintf(value, sizeof(value), "value %d", i);
		must(setenv(name, value, 1) == 0);
	}
	must(unsetenv("NAME_1") == 0);
	nothing_lost();
}

static void locales(void)
{
	for (int i = 0; i < 5; i++) {
		(void)setlocale(LC_ALL, "C.UTF-8");
		(void)setlocale(LC_ALL, "");
		(void)setlocale(LC_NUMERIC, "C");
	}
	(void)bindtextdomain("tenure-test", "/tmp");
	(void)textdomain("tenure-test");
	(void)gettext("a message");
	nothing_lost();
}

static void zones(void)
{
	static const char *const names[] = { "UTC", "Europe/Berlin", "America/New_York", "XYZ-3" };

	for (size_t i = 0; i < 8; i++) {
		time_t now = time(NULL);

		must(setenv("TZ", names[i % 4], 1) == 0);
		tzset();
		(void)localtime(&now);
	}
	nothing_lost();
}

static void users(void)
{
	(void)getpwnam("nobody");
	(void)getpwuid(0);
	(void)getgrnam("nogroup");
	setpwent();
	(void)getpwent();
	nothing_lost();
}

static void addresses(void)
{
	struct addrinfo *list = NULL;

	if (getaddrinfo("localhost", "http", NULL, &list) == 0)
		freeaddrinfo(list);
	(void)gethostbyname("localhost");
	(void)getservbyname("http", "tcp");
	(void)getprotobyname("tcp");
	nothing_lost();
}

static void conversions(void)
{
	iconv_t to = iconv_open("UTF-16", "ISO-8859-1");
	wchar_t wide[8];

	must(to != (iconv_t)-1 && iconv_close(to) == 0);
	(void)mbstowcs(wide, "abc", 8);
	(void)wprintf(L"");
	nothing_lost();
}

static void failed_dlopen(void)
{
	for (int i = 0; i < 3; i++) {
		must(!dlopen("/nowhere/libnothing.so", RTLD_NOW) && dlerror());
		must(!dlopen("/nowhere/libnothing.so", RTLD_NOW));
	}
	nothing_lost();
}

static void dlopen_again(void)
{
	for (int i = 0; i < 3; i++) {
		void *plugin = dlopen("libleaks-plugin.so", RTLD_NOW);

		must(plugin && dlclose(plugin) == 0);
	}
	nothing_lost();
}

static void *failing_thread(void *arg)
{
	(void)dlopen("/nowhere/libnothing.so", RTLD_NOW);
	(void)strerror(12345);
	return arg;
}

static void threads(void)
{
	for (int i = 0; i < 10; i++) {
		pthread_t thread;

		must(pthread_create(&thread, NULL, failing_thread, NULL) == 0);
		must(pthread_join(thread, NULL) == 0);
	}
	nothing_lost();
}

static void ring(union sigval value)
{
	*(volatile int *)value.sival_ptr = 1;
}

static void timers(void)
{
	static volatile int rung;
	struct sigevent event = { .sigev_notify = SIGEV_THREAD,
				  .sigev_notify_function = ring,
				  .sigev_value.sival_ptr = (void *)(uintptr_t)&rung };
	const struct itimerspec soon = { .it_value.tv_nsec = 1000 };
	timer_t timer;

	must(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
	must(timer_settime(timer, 0, &soon, NULL) == 0);
	while (!rung)
		(void)usleep(100);
	nothing_lost();
}

static void asynchronous(void)
{
	static char buffer[16];
	static struct aiocb control;
	const struct aiocb *const list[] = { &control };

	control = (struct aiocb){ .aio_fildes = open("/proc/self/stat", O_RDONLY),
				  .aio_buf = buffer,
				  .aio_nbytes = sizeof(buffer) };
	must(control.aio_fildes >= 0 && aio_read(&control) == 0);
	while (aio_error(&control) == EINPROGRESS)
		(void)aio_suspend(list, 1, NULL);
	must(aio_return(&control) == sizeof(buffer));
	nothing_lost();
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void trees(void)
{
	static void *root;
	static const char *const words[] = {
		"one", "two", "three", "four", "five", "six", "seven"
	};

	for (size_t i = 0; i < 7; i++)
		must(tsearch(words[i], &root, by_text));
	must(hcreate(10));
	must(hsearch((ENTRY){ .key = (char *)(uintptr_t) "key" }, ENTER));
	nothing_lost();
}

static void messages(void)
{
	void *frames[16];

	must(backtrace(frames, 16) > 0);
	psignal(SIGTERM, "");
	openlog("leaks", LOG_NDELAY, LOG_USER);
	(void)strsignal(60);
	(void)nl_langinfo(CODESET);
	nothing_lost();
}

static void streams(void)
{
	static char buffer[BUFSIZ];
	FILE *pipe = popen("true", "r");

	must(pipe && pclose(pipe) == 0);
	must(setvbuf(stdin, buffer, _IOFBF, sizeof(buffer)) == 0);
	must(printf("%s%a%ls\n", "", 1e300, L"") > 0 && tmpfile());
	nothing_lost();
}

static const struct shape shapes[] = {
	{ "environment", environment },
	{ "locales", locales },
	{ "zones", zones },
	{ "users", users },
	{ "addresses", addresses },
	{ "conversions", conversions },
	{ "failed-dlopen", failed_dlopen },
	{ "dlopen-again", dlopen_again },
	{ "threads", threads },
	{ "timers", timers },
	{ "asynchronous", asynchronous },
	{ "trees", trees },
	{ "messages", messages },
	{ "streams", streams },
};

int main(int argc, char *argv[])
{
	SHAPES_RUN(shapes, argc, argv);
	return 0;
}
