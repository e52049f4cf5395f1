"""Reads what GoMark is deployed with, and prints it as JSON.

    check.py PATH..

A list for each: the documents of a file, or what kustomize makes of a folder, checked against the schemas
of Kubernetes, strictly: what a schema does not know is wrong. null where there is no kubectl
(GOMARK_TEST_KUBECTL).
"""

import json
import os
import subprocess
import sys

import kubernetes_validate
import yaml

# Kinds that are not Kubernetes' own: there are no schemas of them here.
FOREIGN = {"gateway.networking.k8s.io/v1", "networking.gke.io/v1"}


def rendered(folder):
    kubectl = os.environ.get("GOMARK_TEST_KUBECTL", "kubectl")
    try:
        made = subprocess.run([kubectl, "kustomize", folder], capture_output=True, text=True)
    except FileNotFoundError:
        print("null")
        sys.exit()
    if made.returncode != 0:
        sys.exit(f"{folder} cannot be made: {made.stderr}")
    # What is deprecated is said there.
    if made.stderr:
        sys.exit(f"{folder}: {made.stderr}")
    return made.stdout


def check(document):
    name = f"{document['kind']} {document['metadata']['name']}"
    if document["apiVersion"] in FOREIGN:
        return []
    try:
        kubernetes_validate.validate(document, "1.37", strict=True)
    except kubernetes_validate.ValidationError as error:
        return [f"{name}: {'.'.join(map(str, error.path))}: {error.message}"]
    except (kubernetes_validate.SchemaNotFoundError, kubernetes_validate.InvalidSchemaError) as error:
        return [f"{name}: {error}"]
    return []


def documents(path):
    is_folder = os.path.isdir(path)
    text = rendered(path) if is_folder else open(path, encoding="utf-8").read()
    found = list(yaml.safe_load_all(text))
    wrong = [line for document in found for line in check(document)] if is_folder else []
    if wrong:
        sys.exit(path + ": " + "\n".join(wrong))
    return found


print(json.dumps([documents(path) for path in sys.argv[1:]]))
