/* A Windows program that loads the DLL at run time and unloads it, as a host does with its modules.
 *
 *     loading PATH_OF_DLL URL
 *
 * The simulator behind the URL, http://localhost:PORT, knows admin with the password "secret".
 */
#include "check.h"

#include <windows.h>
#include <tlhelp32.h>

static const char *path, *url;

/* What the program gets of the DLL. */
struct functions {
    wazo_auth_options *(*options_new)(void);
    bool (*options_set_url)(wazo_auth_options *, const char *, wazo_auth_error **);
    bool (*options_set)(wazo_auth_options *, const char *, const char *, wazo_auth_error **);
    void (*options_free)(wazo_auth_options *);
    wazo_auth_client *(*client_new)(const wazo_auth_options *, wazo_auth_error **);
    void (*client_free)(wazo_auth_client *);
    char *(*call)(const wazo_auth_client *, const char *, const char *, wazo_auth_error **);
    void (*string_free)(char *);
    const char *(*message)(const wazo_auth_error *);
    void (*error_free)(wazo_auth_error *);
};

/* A function of the DLL by its name; C has no conversion from FARPROC that every compiler takes. */
static void find(HMODULE library, const char *name, void *where)
{
    const FARPROC function = GetProcAddress(library, name);
    if (!CHECK(function != NULL)) {
        note("the DLL has no %s", name);
        exit(2);
    }
    memcpy(where, &function, sizeof function);
}

static HMODULE load(struct functions *in)
{
    const HMODULE library = LoadLibraryA(path);
    if (library == NULL) {
        note("%s is not loaded: error %lu", path, GetLastError());
        exit(2);
    }
    find(library, "wazo_auth_options_new", &in->options_new);
    find(library, "wazo_auth_options_set_url", &in->options_set_url);
    find(library, "wazo_auth_options_set", &in->options_set);
    find(library, "wazo_auth_options_free", &in->options_free);
    find(library, "wazo_auth_client_new", &in->client_new);
    find(library, "wazo_auth_client_free", &in->client_free);
    find(library, "wazo_auth_call", &in->call);
    find(library, "wazo_auth_string_free", &in->string_free);
    find(library, "wazo_auth_error_message", &in->message);
    find(library, "wazo_auth_error_free", &in->error_free);
    return library;
}

static wazo_auth_client *client(const struct functions *in, const char *its_url)
{
    wazo_auth_options *options = in->options_new();
    CHECK(in->options_set_url(options, its_url, NULL) && in->options_set(options, "username", "admin", NULL) &&
          in->options_set(options, "password", "secret", NULL) && in->options_set(options, "timeout_ms", "20000", NULL));
    wazo_auth_client *client = in->client_new(options, NULL);
    in->options_free(options);
    return client;
}

static int threads(void)
{
    const HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    THREADENTRY32 entry = {.dwSize = sizeof entry};
    int count = 0;
    for (BOOL more = Thread32First(all, &entry); more; more = Thread32Next(all, &entry)) {
        count += entry.th32OwnerProcessID == GetCurrentProcessId();
    }
    CloseHandle(all);
    return count;
}

static DWORD handles(void)
{
    DWORD count = 0;
    CHECK(GetProcessHandleCount(GetCurrentProcess(), &count));
    return count;
}

static bool is_mapped(void) { return GetModuleHandleA("wazo_auth_client.dll") != NULL; }

/* Before anything else: it is unloaded as long as it has started no thread. */
static void nothing_is_started(void)
{
    struct functions in;
    CHECK(FreeLibrary(load(&in)) && !is_mapped());
    const int threads_before = threads();
    const DWORD handles_before = handles();
    for (int cycle = 0; cycle < 100; cycle++) {
        const HMODULE library = load(&in);
        in.client_free(client(&in, "http://127.0.0.1:1"));
        CHECK(FreeLibrary(library));
    }
    CHECK(!is_mapped());
    if (!CHECK(threads() == threads_before && handles() <= handles_before)) {
        note("threads: %d, then %d; handles: %lu, then %lu", threads_before, threads(), handles_before, handles());
    }
}

static void code_stays(void)
{
    struct functions in;
    wazo_auth_error *error = NULL;
    for (int cycle = 0; cycle < 3; cycle++) {
        const HMODULE library = load(&in);
        wazo_auth_client *one = client(&in, url);
        /* The name is looked up on a thread of the library's. */
        char *answer = in.call(one, "token.new", NULL, &error);
        if (!CHECK(answer != NULL)) {
            note("%s", in.message(error));
            in.error_free(error);
        }
        in.string_free(answer);
        in.client_free(one);
        CHECK(FreeLibrary(library));
        CHECK(is_mapped());
    }
}

int main(int count, char **values)
{
    if (count != 3) {
        fprintf(stderr, "usage: loading PATH_OF_DLL URL\n");
        return 2;
    }
    path = values[1];
    url = values[2];
    RUN("100 cycles of LoadLibrary, a client and FreeLibrary start no thread and leave no handle open", nothing_is_started);
    RUN("once a thread of the library has run, its code stays mapped after FreeLibrary", code_stays);
    return finish();
}
