"""A client that is not ours: grpcio with server reflection, no generated code.

Starts `gradus serve` (the path is the first argument) on a free port with a new directory, then
registers a project that follows the rules for one person alone, submits evidence, accepts it, rates,
asks for levels, and checks the answers and the errors as a stranger would see them.
"""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile

import grpc
from google.protobuf import descriptor_pool, json_format, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

BASE_PRACTICES = [f"BP.10.0{number}" for number in range(1, 8)]


class Server:
    """`gradus serve` on a free port, stopped with SIGTERM."""

    def __init__(self, gradus, directory, *settings):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"127.0.0.1:{port}"
        self.data = os.path.join(directory, "data")
        self.process = subprocess.Popen(
            [gradus, "serve", "--data", self.data, "--listen", self.address, *settings]
        )
        grpc.channel_ready_future(grpc.insecure_channel(self.address)).result(timeout=60)
        with open(os.path.join(self.data, "admin.token"), encoding="ascii") as token:
            self.token = token.read().strip()

    def stop(self):
        self.process.terminate()
        return self.process.wait(timeout=30)


class Client:
    """Calls any method by name, with JSON in and out, by what reflection tells."""

    def __init__(self, address, token):
        channel = grpc.insecure_channel(address)
        self.channel = grpc.intercept_channel(channel, Bearer(token))
        self.pool = descriptor_pool.DescriptorPool(ProtoReflectionDescriptorDatabase(self.channel))

    def call(self, service, method, request):
        found = self.pool.FindServiceByName(f"gradus.v1.{service}").FindMethodByName(method)
        ask = message_factory.GetMessageClass(found.input_type)
        answer = message_factory.GetMessageClass(found.output_type)
        send = self.channel.unary_unary(
            f"/gradus.v1.{service}/{method}",
            request_serializer=ask.SerializeToString,
            response_deserializer=answer.FromString,
        )
        response = send(json_format.ParseDict(request, ask()), timeout=30)
        return json_format.MessageToDict(response, preserving_proto_field_name=True)


class Bearer(
    grpc.UnaryUnaryClientInterceptor,
    grpc.StreamStreamClientInterceptor,
):
    """Puts the token on every call."""

    def __init__(self, token):
        self.metadata = [("authorization", f"Bearer {token}")] if token else []

    def _with(self, details):
        return Details(details.method, details.timeout, self.metadata, details.credentials)

    def intercept_unary_unary(self, continuation, details, request):
        return continuation(self._with(details), request)

    def intercept_stream_stream(self, continuation, details, requests):
        return continuation(self._with(details), requests)


class Details(grpc.ClientCallDetails):
    def __init__(self, method, timeout, metadata, credentials):
        self.method, self.timeout = method, timeout
        self.metadata, self.credentials = metadata, credentials


def expect(what, seen, wanted):
    if seen != wanted:
        sys.exit(f"FAILED: {what}: {seen!r} instead of {wanted!r}")
    print(f"ok: {what}")


def refused(client, service, method, request):
    try:
        client.call(service, method, request)
    except grpc.RpcError as error:
        return error.code().name
    return "OK"


def story(server):
    client = Client(server.address, server.token)
    client.call("UnitService", "RegisterUnit",
                {"kind": "UNIT_KIND_PROJECT", "name": "alpha", "team": "blue"})
    client.call("UnitService", "AdoptRules",
                {"unit": "alpha", "document": "solo", "effective_at": "2026-01-01T00:00:00Z"})
    item = {
        "kind": "KIND_POLICY", "outcome": "OUTCOME_SUPPORTS", "strength": "STRENGTH_DIRECT",
        "practices": BASE_PRACTICES, "work_to": "2026-10-01T00:00:00Z",
        "source": {"name": "stranger", "id": "1"}, "title": "Security needs of alpha",
    }
    submitted = client.call("EvidenceService", "SubmitEvidence", {"unit": "alpha", "items": [item]})
    again = client.call("EvidenceService", "SubmitEvidence", {"unit": "alpha", "items": [item]})
    expect("the same item again is a duplicate", again["items"][0].get("duplicate"), True)
    evidence = submitted["items"][0]["evidence"]
    expect("an id is a UUID", bool(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", evidence)), True)
    client.call("EvidenceService", "AcceptEvidence",
                {"unit": "alpha", "evidence": [{"evidence": evidence}]})
    ratings = [{"practice": practice, "value": "VALUE_SATISFIED",
                "effective_at": "2026-10-02T00:00:00Z"} for practice in BASE_PRACTICES]
    client.call("RatingService", "RatePractices", {"unit": "alpha", "ratings": ratings})
    levels = client.call("LevelService", "QueryLevels", {
        "unit": "alpha", "areas": ["PA10"],
        "coordinate": {"valid_at": "2026-10-31T00:00:00Z"}})
    area = levels["areas"][0]
    expect("every base practice is covered", area["coverage"]["covered"], 7)
    rated = area["ongoing"]["range"]
    expect("the level is at least 1 and at most 5", (rated["at_least"], rated["at_most"]), (1, 5))
    expect("an unknown unit is NOT_FOUND",
           refused(client, "LevelService", "QueryLevels", {"unit": "nobody"}), "NOT_FOUND")
    stranger = Client(server.address, "gradus_wrong")
    expect("a wrong token is UNAUTHENTICATED, for reflection, too",
           reflection_refused(stranger), "UNAUTHENTICATED")
    print(json.dumps(area, indent=2))


def reflection_refused(client):
    try:
        client.pool.FindServiceByName("gradus.v1.UnitService")
    except grpc.RpcError as error:
        return error.code().name
    return "OK"


def main():
    with tempfile.TemporaryDirectory() as directory:
        server = Server(sys.argv[1], directory)
        try:
            story(server)
        finally:
            code = server.stop()
        expect("SIGTERM ends the server in order", code, 0)


if __name__ == "__main__":
    main()
