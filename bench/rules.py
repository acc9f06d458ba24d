"""The rules of the benchmark: the same work said in the rule language and in Orthanc's Lua."""

# Twenty rules as a site has them: most are looked at and do not fire, a few rewrite.
RULES = (
    """language 1

expects destinations pacs

rule prefix "Patient numbers say which site they come from" {
  when Modality == "CT" and PatientID is present and not (PatientID starts with "SITEA-")
  set PatientID = "SITEA-" + PatientID otherwise quarantine "number too long"
  set IssuerOfPatientID = "SITE_A"
}
rule station "Station as the archive knows it" {
  when StationName is present
  set StationName = "CT-NORTH-1"
}
rule episode "The visit" {
  when AccessionNumber is present
  set AdmissionID = "E" + AccessionNumber otherwise keep
}
"""
    + "".join(
        f"""rule other_{number} {{
  when Modality == "US" and Manufacturer contains "VENDOR {number}" and Rows > {number}
  set StudyDescription = "Ultrasound {number}"
}}
"""
        for number in range(17)
    )
    + """routes everything first match {
  always => pacs
}
"""
)

LUA = """
function OnStoredInstance(id, tags, metadata, origin)
  if origin['RequestOrigin'] ~= 'Lua' then
    local replace = {}
    replace['PatientID'] = 'SITEA-' .. tags['PatientID']
    replace['IssuerOfPatientID'] = 'SITE_A'
    replace['StationName'] = 'CT-NORTH-1'
    replace['AdmissionID'] = 'E' .. tags['AccessionNumber']
    local keep = {'SOPInstanceUID', 'SeriesInstanceUID', 'StudyInstanceUID'}
    local request = {Replace = replace, Force = true, Keep = keep}
    local modified = RestApiPost('/instances/' .. id .. '/modify', DumpJson(request, true))
    local stored = ParseJson(RestApiPost('/instances', modified))
    Delete(SendToModality(stored['ID'], 'SINK'))
  end
end
"""
