"""The CMake package: a project that finds it, with the shared and with the static library."""
import sys
from pathlib import Path

from run import QUICKSTART, QUICKSTART_CPP, ROOT, begin
import link
import process

ABOUT = 'find_package(wazo_auth_client), shared and static'
PROJECT = f'''cmake_minimum_required(VERSION 3.16)
project(sample C CXX)
find_package(wazo_auth_client {'.'.join(link.version().split('.')[:2])} REQUIRED)
find_package(Threads REQUIRED)
foreach(kind shared static wazo_auth_client)
    add_executable(sample_${{kind}} {QUICKSTART})
    target_link_libraries(sample_${{kind}} PRIVATE wazo_auth_client::${{kind}})
endforeach()
add_executable(sample_cpp {QUICKSTART_CPP})
target_compile_features(sample_cpp PRIVATE cxx_std_17)
target_link_libraries(sample_cpp PRIVATE wazo_auth_client::shared Threads::Threads)
'''


def cmake(folder, prefix, *words):
    return process.run(
        ['cmake', '-S', folder, '-B', folder / 'build', '-Wno-dev', f'-DCMAKE_PREFIX_PATH={prefix}', *words]
    )


def run(report, tools):
    if missing := tools.packages(cmake='cmake'):
        report.skip(ABOUT, f'{", ".join(missing)} is missing: apt-get install {" ".join(missing)}')
        return
    # Moved after it was installed: the package finds its files by where it lies.
    prefix, moved = tools.folder / 'first', tools.folder / 'moved'
    status, said = process.run(
        [sys.executable, ROOT / 'tools' / 'install.py', '--built', tools.built(), '--prefix', prefix, 'library', 'development']
    )
    assert status == 0, said
    prefix.rename(moved)
    project = tools.folder / 'project'
    project.mkdir()
    (project / 'CMakeLists.txt').write_text(PROJECT)
    status, said = cmake(project, moved)
    if not report.promise(status == 0, 'find_package finds the package, also in a folder that was moved', said):
        return
    status, said = process.run(['cmake', '--build', project / 'build'])
    if not report.promise(status == 0, 'the targets shared, static and wazo_auth_client link', said):
        return
    for name in ('shared', 'static', 'wazo_auth_client', 'cpp'):
        tools.sample(report, f'the sample runs, linked by CMake: {name}', [project / 'build' / f'sample_{name}'])
    for wanted in ('99.0', '0.0.1 EXACT'):
        (project / 'CMakeLists.txt').write_text(
            f'cmake_minimum_required(VERSION 3.16)\nproject(x C)\nfind_package(wazo_auth_client {wanted} REQUIRED)\n'
        )
        status, said = cmake(project, moved, '--fresh')
        report.promise(
            status != 0 and link.version() in said, f'a project that wants version {wanted} is told which one is there', said
        )


if __name__ == '__main__':
    sys.exit(begin(Path(__file__).stem.removeprefix('way_'), {'debug': '--debug' in sys.argv}).end())
