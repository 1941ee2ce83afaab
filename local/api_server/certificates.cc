#include "local/api_server/certificates.h"

#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "common/base/unique_fd.h"
#include "local/api_server/limits.h"

namespace rha::local::api_server {
namespace {

template <typename T, void (*Free)(T*)>
struct Freer {
  void operator()(T* p) const { Free(p); }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY, EVP_PKEY_free>>;
using CertPtr = std::unique_ptr<X509, Freer<X509, X509_free>>;

constexpr const char* kServerNames =
    "DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,"
    "DNS:kubernetes.default.svc.cluster.local,IP:127.0.0.1,IP:127.96.0.1,IP:::1";

Status SslStatus(const std::string& what) {
  char text[256];
  ERR_error_string_n(ERR_get_error(), text, sizeof text);
  return Status(Code::kInternal, what + ": " + text);
}

bool AddExtension(X509* cert, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, cert, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  if (extension == nullptr) return false;
  const bool added = X509_add_ext(cert, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

bool SetSerial(X509* cert) {
  BIGNUM* number = BN_new();
  const bool set = BN_rand(number, 127, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
                   BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != nullptr;
  BN_free(number);
  return set;
}

// A certificate for `key`, signed by `issuer_key`; without an issuer it is a CA of its own.
Result<CertPtr> MakeCertificate(const char* name, EVP_PKEY* key, X509* issuer,
                                EVP_PKEY* issuer_key) {
  CertPtr cert(X509_new());
  X509_set_version(cert.get(), 2);
  if (!SetSerial(cert.get())) return SslStatus("make a certificate's serial number");
  X509_gmtime_adj(X509_getm_notBefore(cert.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(cert.get()), 86400L * kCertificateDays);
  X509_set_pubkey(cert.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(cert.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509* signer = issuer == nullptr ? cert.get() : issuer;
  X509_set_issuer_name(cert.get(), X509_get_subject_name(signer));
  bool good = AddExtension(cert.get(), signer, NID_subject_key_identifier, "hash");
  if (issuer == nullptr) {
    good = good && AddExtension(cert.get(), signer, NID_basic_constraints, "critical,CA:TRUE") &&
           AddExtension(cert.get(), signer, NID_key_usage, "critical,keyCertSign,digitalSignature");
  } else {
    good = good && AddExtension(cert.get(), signer, NID_authority_key_identifier, "keyid") &&
           AddExtension(cert.get(), signer, NID_basic_constraints, "critical,CA:FALSE") &&
           AddExtension(cert.get(), signer, NID_key_usage, "critical,digitalSignature") &&
           AddExtension(cert.get(), signer, NID_ext_key_usage, "serverAuth") &&
           AddExtension(cert.get(), signer, NID_subject_alt_name, kServerNames);
  }
  if (!good || X509_sign(cert.get(), issuer_key, EVP_sha256()) == 0) {
    return SslStatus(std::string("sign the certificate of ") + name);
  }
  return cert;
}

template <typename Writer>
Status WritePem(const std::string& path, int mode, Writer writer) {
  UniqueFd file(::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, mode));
  if (!file.valid()) return ErrnoStatus("create " + path);
  BIO* bio = BIO_new_fd(file.get(), BIO_NOCLOSE);
  const bool written = writer(bio) == 1;
  BIO_free(bio);
  return written ? Status::Ok() : SslStatus("write " + path);
}

Status MakeAll(const Certificates& files) {
  const KeyPtr ca_key(EVP_EC_gen("P-256")), key(EVP_EC_gen("P-256"));
  if (!ca_key || !key) return SslStatus("make a key");
  RHA_ASSIGN_OR_RETURN(const CertPtr ca,
                       MakeCertificate("redisha-local-ca", ca_key.get(), nullptr, ca_key.get()));
  RHA_ASSIGN_OR_RETURN(const CertPtr server,
                       MakeCertificate("redisha-local", key.get(), ca.get(), ca_key.get()));
  RHA_RETURN_IF_ERROR(WritePem(files.server_key_path, 0600, [&](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  }));
  RHA_RETURN_IF_ERROR(WritePem(files.server_path, 0644,
                               [&](BIO* bio) { return PEM_write_bio_X509(bio, server.get()); }));
  // The CA's key is dropped: nothing else will be signed. Its certificate is written last, since
  // its presence says that the others are complete.
  return WritePem(files.ca_path, 0644, [&](BIO* bio) { return PEM_write_bio_X509(bio, ca.get()); });
}

}  // namespace

Result<Certificates> EnsureCertificates(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return Status(Code::kIo, "make " + folder + ": " + error.message());
  Certificates files{folder + "/ca.crt", folder + "/server.crt", folder + "/server.key", ""};
  if (!std::filesystem::exists(files.ca_path)) RHA_RETURN_IF_ERROR(MakeAll(files));
  std::ifstream file(files.ca_path);
  std::stringstream text;
  text << file.rdbuf();
  files.ca_pem = text.str();
  if (files.ca_pem.empty()) return Status(Code::kIo, "read " + files.ca_path + ": nothing in it");
  return files;
}

}  // namespace rha::local::api_server
