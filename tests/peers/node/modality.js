// A modality made with dcmjs-dimse: verifies, stores a file, asks for storage commitment, and takes the report on a port
// of its own. What happened is printed as one line of JSON each.
//
//   node modality.js PORT CALLING CALLED REPORT_PORT FILE

const dimse = require("dcmjs-dimse");

const { Client, Dataset, Scp, Server } = dimse;
const { CEchoRequest, CStoreRequest, NActionRequest } = dimse.requests;
const { NEventReportResponse } = dimse.responses;
const { PresentationContextResult, SopClass, Status, TransferSyntax } = dimse.constants;

const WELL_KNOWN = "1.2.840.10008.1.20.1.1";
const [port, calling, called, reportPort, file] = process.argv.slice(2);
dimse.log.level = "error";

const tell = (what) => console.log(JSON.stringify(what));

class Reports extends Scp {
  associationRequested(association) {
    association.getPresentationContexts().forEach((each) => {
      const context = association.getPresentationContext(each.id);
      const known = context.getAbstractSyntaxUid() === SopClass.StorageCommitmentPushModel;
      const plain = context.getTransferSyntaxUids().find((uid) => uid === TransferSyntax.ImplicitVRLittleEndian);
      if (known && plain) context.setResult(PresentationContextResult.Accept, plain);
      else context.setResult(PresentationContextResult.RejectAbstractSyntaxNotSupported);
    });
    this.sendAssociationAccept();
  }

  nEventReportRequest(request, callback) {
    const said = request.getDataset().getElements();
    tell({
      report: said.TransactionUID,
      event: request.getEventTypeId(),
      committed: [].concat(said.ReferencedSOPSequence ?? []).map((one) => one.ReferencedSOPInstanceUID),
      failed: [].concat(said.FailedSOPSequence ?? []).map((one) => one.FailureReason),
    });
    const response = NEventReportResponse.fromRequest(request);
    response.setStatus(Status.Success);
    callback(response);
    setTimeout(() => process.exit(0), 500);
  }

  associationReleaseRequested() {
    this.sendAssociationReleaseResponse();
  }
}

new Server(Reports).listen(Number(reportPort));

const transaction = Dataset.generateDerivedUid();
const store = new CStoreRequest(file);
const stored = store.getDataset().getElements();
const ask = new NActionRequest(SopClass.StorageCommitmentPushModel, WELL_KNOWN, 1);
ask.setDataset(
  new Dataset({
    TransactionUID: transaction,
    ReferencedSOPSequence: [
      { ReferencedSOPClassUID: stored.SOPClassUID, ReferencedSOPInstanceUID: stored.SOPInstanceUID },
      { ReferencedSOPClassUID: stored.SOPClassUID, ReferencedSOPInstanceUID: "1.2.3.4" },
    ],
  })
);

const client = new Client();
for (const [name, request] of Object.entries({ echo: new CEchoRequest(), store, ask })) {
  request.on("response", (response) => tell({ [name]: response.getStatus() }));
  client.addRequest(request);
}
client.on("networkError", (error) => tell({ error: String(error) }));
client.send("127.0.0.1", Number(port), calling, called);
tell({ transaction, instance: stored.SOPInstanceUID });
