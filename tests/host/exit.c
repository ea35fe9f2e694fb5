/* Exit at any moment: calls are in flight, on threads of the host and on the library's, and the process ends.
 *
 *     exit HOW    HOW: return, exit, quick_exit, thread (exit by a thread that is not the first), wait (for a signal)
 *
 * It prints the time (CLOCK_MONOTONIC, ns) right before it ends; the runner takes the difference.
 */
#include "host.h"

static wazo_auth_client *client;
static wazo_auth_queue *queue;
static atomic_int ready;

static void *in_a_call(void *argument)
{
    int number = (int)(intptr_t)argument;
    ready++;
    if (number % 2)
        wazo_auth_string_free(wazo_auth_users_get(client, "hold_until-the-end", NULL, NULL));
    else
        for (;;)
            wazo_auth_string_free(wazo_auth_users_get(client, "busy", NULL, NULL));
    return NULL;
}

static void *taking(void *argument)
{
    ready++;
    for (;;)
        wazo_auth_completion_free(wazo_auth_queue_next(queue, -1));
    return argument;
}

static void say_when(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    printf("%lld\n", (long long)now.tv_sec * 1000000000LL + now.tv_nsec);
    fflush(stdout);
}

static void *exiting(void *argument)
{
    say_when();
    exit(7);
    return argument;
}

int main(int count, char **arguments)
{
    const char *how = count > 1 ? arguments[1] : "return";
    bool https = count > 2 && strcmp(arguments[2], "HTTPS") == 0;
    pthread_t thread;
    alarm(60);
    client = client_of(https, NULL);
    queue = queue_of(0);
    for (int i = 0; i < 8; i++)
        pthread_create(&thread, NULL, in_a_call, (void *)(intptr_t)i);
    pthread_create(&thread, NULL, taking, NULL);
    for (int i = 0; i < 40; i++)
        submit(queue, client, i % 2 ? "hold_until-the-end" : "delay.20_soon", NULL);
    while (ready < 9)
        pause_ms(1);
    pause_ms(30);
    if (strcmp(how, "wait") == 0) {
        say_when();
        for (;;)
            pause();
    }
    if (strcmp(how, "thread") == 0) {
        pthread_create(&thread, NULL, exiting, NULL);
        for (;;)
            pause();
    }
    say_when();
    if (strcmp(how, "exit") == 0)
        exit(7);
    if (strcmp(how, "quick_exit") == 0)
        quick_exit(7);
    return 7;
}
