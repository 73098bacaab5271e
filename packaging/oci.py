#!/usr/bin/env python3
"""Creates a container image of pushgw from release archives, as an OCI image layout.

Usage: packaging/oci.py OUTDIR VERSION CA_CERTIFICATES ARCHITECTURE=ARCHIVE...     (amd64=pushgw-….tar.gz)

The image contains only the program, its licences, the CA certificates and the user nobody. The layout has the tag
VERSION for all architectures, and a tag VERSION-ARCHITECTURE for each one. packaging/Dockerfile builds the same files.

The bytes, and so the digests, depend only on the input and on SOURCE_DATE_EPOCH.
"""

import gzip
import hashlib
import io
import json
import os
import sys
import tarfile
import time
from pathlib import Path

EPOCH = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
# This is a number, because Kubernetes can't check `runAsNonRoot` for a user name.
NOBODY = "65534:65534"
PASSWD = b"root:x:0:0:root:/:/sbin/nologin\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n"
GROUP = b"root:x:0:\nnobody:x:65534:\n"


def image_files(archive, certificates):
    """The path, mode and bytes of each file in the image."""
    files = {
        "etc/group": (0o644, GROUP),
        "etc/passwd": (0o644, PASSWD),
        "etc/ssl/certs/ca-certificates.crt": (0o644, Path(certificates).read_bytes()),
    }
    with tarfile.open(archive) as release:
        for member in release.getmembers():
            path = member.name.partition("/")[2]
            if member.isfile() and path.startswith(("bin/", "share/doc/")):
                files[f"usr/{path}"] = (member.mode, release.extractfile(member).read())
    return files


def layer(files):
    """An uncompressed tar of the files and their folders."""
    folders = {str(parent) for path in files for parent in Path(path).parents} - {"."}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path in sorted(folders | set(files)):
            entry = tarfile.TarInfo(path)
            entry.mtime = EPOCH
            if path in folders:
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(entry)
            else:
                entry.mode, content = files[path]
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


class Layout:
    def __init__(self, folder, version):
        self.blobs = Path(folder) / "blobs" / "sha256"
        self.blobs.mkdir(parents=True)
        self.version = version
        self.created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(EPOCH))
        self.annotations = {
            "org.opencontainers.image.created": self.created,
            "org.opencontainers.image.licenses": "Apache-2.0",
            "org.opencontainers.image.title": "pushgw",
            "org.opencontainers.image.version": version,
        }

    def blob(self, kind, content):
        """Stores a blob and returns its descriptor."""
        if not isinstance(content, bytes):
            content = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
        digest = hashlib.sha256(content).hexdigest()
        (self.blobs / digest).write_bytes(content)
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{digest}", "size": len(content)}

    def image(self, architecture, tar):
        """Stores the image of one architecture and returns its descriptor."""
        config = {
            "architecture": architecture,
            "config": {
                "Entrypoint": ["/usr/bin/pushgw"],
                "Env": ["PATH=/usr/bin"],
                "Labels": self.annotations,
                "User": NOBODY,
            },
            "created": self.created,
            "history": [{"created": self.created, "created_by": "packaging/oci.py"}],
            "os": "linux",
            "rootfs": {"diff_ids": [f"sha256:{hashlib.sha256(tar).hexdigest()}"], "type": "layers"},
        }
        manifest = {
            "annotations": self.annotations,
            "config": self.blob("config.v1+json", config),
            "layers": [self.blob("layer.v1.tar+gzip", gzip.compress(tar, 9, mtime=0))],
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "schemaVersion": 2,
        }
        platform = {"architecture": architecture, "os": "linux"}
        return self.blob("manifest.v1+json", manifest) | {"platform": platform}

    def index(self, manifests):
        return {
            "manifests": manifests,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "schemaVersion": 2,
        }

    def write(self, images):
        """Writes the tags: {architecture: descriptor}."""
        tags = {self.version: self.blob("index.v1+json", self.index(list(images.values())))}
        tags |= {f"{self.version}-{architecture}": image for architecture, image in images.items()}
        tagged = [
            image | {"annotations": {"org.opencontainers.image.ref.name": tag}} for tag, image in tags.items()
        ]
        folder = self.blobs.parent.parent
        (folder / "index.json").write_text(json.dumps(self.index(tagged), indent=2, sort_keys=True) + "\n")
        (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}\n')


def main():
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    folder, version, certificates, *archives = sys.argv[1:]
    layout = Layout(folder, version)
    images = {}
    for argument in archives:
        architecture, _, archive = argument.partition("=")
        images[architecture] = layout.image(architecture, layer(image_files(archive, certificates)))
    layout.write(images)


main()
