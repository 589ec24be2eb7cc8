# What the Python client says of a cache, for python.test.ts. The first argument is a folder to use
# as the cache, the second one of the words below; the answer is one line of JSON.
import json
import sys

from huggingface_hub import (
    hf_hub_download,
    scan_cache_dir,
    snapshot_download,
    try_to_load_from_cache,
)

cache, word, *rest = sys.argv[1:]


def scan():
    info = scan_cache_dir(cache)
    return {
        "warnings": [str(warning) for warning in info.warnings],
        "incomplete": [str(one.file_path) for one in info.incomplete_files],
        "bytes": info.size_on_disk,
        "repositories": [
            {
                "id": repo.repo_id,
                "bytes": repo.size_on_disk,
                "revisions": [
                    {
                        "commit": revision.commit_hash,
                        "refs": sorted(revision.refs),
                        "files": sorted(
                            [
                                str(file.file_path.relative_to(revision.snapshot_path)),
                                file.size_on_disk,
                                file.blob_path.name,
                            ]
                            for file in revision.files
                        ),
                    }
                    for revision in sorted(repo.revisions, key=lambda one: one.commit_hash)
                ],
            }
            for repo in sorted(info.repos, key=lambda one: one.repo_id)
        ],
    }


words = {
    "scan": scan,
    "load": lambda repo, path, revision=None: try_to_load_from_cache(
        repo, path, cache_dir=cache, revision=revision
    ),
    "local": lambda repo, path, revision=None: hf_hub_download(
        repo, path, cache_dir=cache, revision=revision, local_files_only=True
    ),
    "snapshot": lambda repo, revision=None: snapshot_download(
        repo, cache_dir=cache, revision=revision, local_files_only=True
    ),
    "download": lambda repo, path, revision=None: hf_hub_download(
        repo, path, cache_dir=cache, revision=revision
    ),
    "download-all": lambda repo, revision=None: snapshot_download(
        repo, cache_dir=cache, revision=revision
    ),
    "delete": lambda commit: scan_cache_dir(cache).delete_revisions(commit).execute(),
}
print(json.dumps(words[word](*rest)))
