/* libcurl, multi interface: many calls in flight on one thread. Modes: multi (curl_multi_poll); socket
 * (curl_multi_socket_action with an epoll instance of the program's own, as event loops use it).
 *
 * More: h2 for HTTP/2.
 */
#include "curl.h"
#include <sys/epoll.h>

static struct bench bench;
static CURLM *multi;
static int running_calls;

struct flight {
    CURL *easy;
    struct text text;
    double began;
};

static void begin(struct flight *flight)
{
    flight->text.length = 0;
    flight->began = now_s();
    if (curl_multi_add_handle(multi, flight->easy) != CURLM_OK)
        fail("curl_multi_add_handle failed");
    running_calls++;
}

/* Takes the calls that have ended, and begins as many new ones as are left. */
static void take_ended(bool measured)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE)
            continue;
        struct flight *flight = NULL;
        CURL *easy = message->easy_handle;
        CURLcode code = message->data.result;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&flight);
        bool good = is_good(easy, code, &flight->text);
        curl_multi_remove_handle(multi, easy);
        running_calls--;
        if (!measured) {
            if (!good)
                fail("the first call failed");
            continue;
        }
        if (good)
            note(&bench, flight->began);
        if (take(&bench))
            begin(flight);
    }
}

static void run_with_poll(bool measured)
{
    int running;
    while (running_calls > 0) {
        if (curl_multi_perform(multi, &running) != CURLM_OK)
            fail("curl_multi_perform failed");
        take_ended(measured);
        if (running_calls > 0 && running > 0)
            curl_multi_poll(multi, NULL, 0, 1000, NULL);
    }
}

static int loop = -1;
static long timer_ms = -1;
static double timer_set;

static int socket_changed(CURL *easy, curl_socket_t socket, int what, void *data, void *of_socket)
{
    (void)easy, (void)data;
    struct epoll_event event = {.data.fd = socket};
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(loop, EPOLL_CTL_DEL, socket, NULL);
        curl_multi_assign(multi, socket, NULL);
        return 0;
    }
    event.events = (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
    epoll_ctl(loop, of_socket == NULL ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, socket, &event);
    curl_multi_assign(multi, socket, &loop);
    return 0;
}

static int timer_changed(CURLM *of, long ms, void *data)
{
    (void)of, (void)data;
    timer_ms = ms;
    timer_set = now_s();
    return 0;
}

static void run_with_sockets(bool measured)
{
    struct epoll_event events[64];
    int running;
    while (running_calls > 0) {
        double left = timer_ms < 0 ? 1000 : (double)timer_ms - (now_s() - timer_set) * 1e3;
        int count = epoll_wait(loop, events, 64, left <= 0 ? 0 : (int)left + 1);
        for (int i = 0; i < count; i++) {
            unsigned seen = events[i].events;
            int what = (seen & EPOLLIN ? CURL_CSELECT_IN : 0) | (seen & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                       (seen & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
            curl_multi_socket_action(multi, events[i].data.fd, what, &running);
        }
        if (timer_ms >= 0 && (now_s() - timer_set) * 1e3 >= (double)timer_ms) {
            timer_ms = -1;
            curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
        }
        take_ended(measured);
    }
}

int main(int count, char **words)
{
    parse(&bench, count, words);
    bool by_socket = strcmp(bench.mode, "socket") == 0;
    void (*run)(bool) = by_socket ? run_with_sockets : run_with_poll;
    curl_global_init(CURL_GLOBAL_ALL);
    multi = curl_multi_init();
    /* No connection that is still of use is closed: libcurl counts those in use as well. */
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)bench.concurrency * 4);
    curl_multi_setopt(multi, CURLMOPT_PIPELINING, has(&bench, "h2") ? CURLPIPE_MULTIPLEX : CURLPIPE_NOTHING);
    if (by_socket) {
        loop = epoll_create1(EPOLL_CLOEXEC);
        curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, socket_changed);
        curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, timer_changed);
    }
    struct curl_slist *headers = curl_slist_append(NULL, "Accept: application/json");
    struct flight *flights = calloc((size_t)bench.concurrency, sizeof *flights);
    for (int i = 0; i < bench.concurrency; i++) {
        flights[i].easy = make_easy(&bench, &flights[i].text, headers);
        curl_easy_setopt(flights[i].easy, CURLOPT_PRIVATE, &flights[i]);
    }
    for (int i = 0; i < WARM_UP; i++) {
        begin(&flights[0]);
        run(false);
    }
    start(&bench);
    for (int i = 0; i < bench.concurrency && take(&bench); i++)
        begin(&flights[i]);
    run(true);
    finish(&bench);
    for (int i = 0; i < bench.concurrency; i++) {
        curl_easy_cleanup(flights[i].easy);
        free(flights[i].text.bytes);
    }
    free(flights);
    curl_multi_cleanup(multi);
    curl_slist_free_all(headers);
    curl_global_cleanup();
    return 0;
}
